import { expect, test } from 'vitest';
import { createLog } from '#platform/log.ts';
import type { CommandNews } from './change-commands.ts';
import { createNewsQueue } from './news-queue.ts';

const WAIT = { timeout: 10_000, interval: 10 };
const log = createLog({ level: 'silent', format: 'json' });
const newsOf = (commandId: string): CommandNews => ({
  commandId,
  step: 'done',
  detail: null,
  result: null,
  atMs: 0,
});

test('answers that the database does not take now are written when it is back, in their order', async () => {
  const written: string[] = [];
  const database = { isAway: true, tries: 0 };
  const queue = createNewsQueue({
    log,
    take: async (batch) => {
      database.tries += 1;
      if (database.isAway) throw new Error('away');
      written.push(...batch.map(({ commandId }) => commandId));
    },
  });
  queue.put(newsOf('a'));
  await expect.poll(() => database.tries, WAIT).toBe(1);
  queue.put(newsOf('b'));
  await expect.poll(() => database.tries, WAIT).toBe(2);
  expect(written).toEqual([]);
  database.isAway = false;
  await expect.poll(() => written, WAIT).toEqual(['a', 'b']);
  queue.put(newsOf('c'));
  await expect.poll(() => written, WAIT).toEqual(['a', 'b', 'c']);
  await queue.close();
  expect(written).toEqual(['a', 'b', 'c']);
});

test('closing writes what waits, once, and does not wait for a database that is away', async () => {
  let tries = 0;
  const queue = createNewsQueue({
    log,
    take: async () => {
      tries += 1;
      throw new Error('away');
    },
  });
  queue.put(newsOf('a'));
  await expect.poll(() => tries, WAIT).toBe(1);
  await queue.close();
  expect(tries).toBe(2);
});
