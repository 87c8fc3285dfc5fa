import { expect, test } from 'vitest';
import { createClock } from '#platform/clock.ts';
import { openBullmqJobs } from '#platform/jobs/bullmq-jobs.ts';
import { createLog } from '#platform/log.ts';
import { openTestDatabase } from '#test/support/test-database.ts';
import { describeJobs } from './jobs.ts';

const log = createLog({ level: 'silent', format: 'json' });

describeJobs('jobs in PostgreSQL', async () => {
  const database = await openTestDatabase();
  return {
    open: (clock) => openBullmqJobs({ clock, log }, { connectionString: database.url, firstRetryMs: 20 }),
    [Symbol.asyncDispose]: database[Symbol.asyncDispose],
  };
});

test('jobs go on after every connection to PostgreSQL was killed', async () => {
  await using database = await openTestDatabase();
  const clock = createClock();
  await using jobs = await openBullmqJobs(
    { clock, log },
    { connectionString: database.url, firstRetryMs: 20 },
  );
  const ran: unknown[] = [];
  jobs.define('greet', async (payload) => void ran.push(payload));
  await jobs.start();
  await jobs.enqueue('greet', 'before', { id: 'a' });
  await expect.poll(() => ran, { timeout: 20_000 }).toEqual(['before']);

  await database.pool.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  );
  await expect
    .poll(() => jobs.enqueue('greet', 'after', { id: 'b' }).then(() => 'queued', String), { timeout: 20_000 })
    .toBe('queued');
  await expect.poll(() => ran, { timeout: 25_000 }).toContain('after');
});
