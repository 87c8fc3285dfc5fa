import { expect, test } from 'vitest';
import { createPasswordHasher } from './passwords.ts';

test('two passwords are checked and fifty wait; the next is told to come back, and may once they are through', async () => {
  const hasher = createPasswordHasher();
  const checks = await Promise.allSettled(Array.from({ length: 60 }, () => hasher.verify('guess', null)));
  const refused = checks.filter((check) => check.status === 'rejected');
  expect(refused.map(({ reason }) => reason.code)).toEqual(Array.from({ length: 8 }, () => 'AUTH_BUSY'));
  expect(await hasher.verify('correct horse', await hasher.hash('correct horse'))).toBe(true);
});
