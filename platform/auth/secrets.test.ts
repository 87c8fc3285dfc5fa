import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createSecretHasher, generateSecret, loadSecretKey } from './secrets.ts';

test('a generated secret is 40 hex digits and passes only against its own hash and purpose', () => {
  const key = Buffer.alloc(32, 7);
  const devices = createSecretHasher(key, 'device');
  const secret = generateSecret();
  expect(secret).toMatch(/^[0-9a-f]{40}$/);
  const hash = devices.hash(secret);
  expect(devices.verify(secret, hash)).toBe(true);
  expect(devices.verify(generateSecret(), hash)).toBe(false);
  expect(devices.verify(secret, Buffer.alloc(0))).toBe(false);
  expect(createSecretHasher(key, 'session').verify(secret, hash)).toBe(false);
  expect(createSecretHasher(Buffer.alloc(32, 8), 'device').verify(secret, hash)).toBe(false);
});

test('the server key is made once, readable by its owner only; a damaged one is a sentence', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'aftercare-key-'));
  const path = join(dir, 'data', 'secret.key');
  const [one, two] = await Promise.all([
    loadSecretKey(join(dir, 'data'), null),
    loadSecretKey(join(dir, 'data'), null),
  ]);
  expect(one.equals(two)).toBe(true);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await readFile(path, 'utf8')).trim()).toBe(one.toString('hex'));
  await writeFile(path, 'torn');
  await expect(loadSecretKey(join(dir, 'data'), null)).rejects.toMatchObject({
    code: 'AUTH_SECRET_KEY_INVALID',
  });
  const given = await loadSecretKey(dir, 'a key of thirty-two characters!!');
  expect(given).toHaveLength(32);
  await expect(loadSecretKey(dir, 'short')).rejects.toMatchObject({ code: 'AUTH_SECRET_KEY_SHORT' });
  await rm(dir, { recursive: true });
});
