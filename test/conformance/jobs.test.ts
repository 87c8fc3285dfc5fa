import { Redis } from 'ioredis';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { createClock } from '#platform/clock.ts';
import { openBullmqJobs } from '#platform/jobs/bullmq-jobs.ts';
import { openRedisJobs } from '#platform/jobs/redis-jobs.ts';
import { createLog } from '#platform/log.ts';
import { hasRedis, openTestRedis } from '#test/support/redis-server.ts';
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

describe.skipIf(!hasRedis)('with Redis', () => {
  const clock = createClock();
  const WAIT = { timeout: 25_000, interval: 20 };

  function tellTo(lines: string[]) {
    return pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line).msg) });
  }

  describeJobs('jobs in Redis', async () => {
    const redis = await openTestRedis();
    return {
      open: (clock) => openRedisJobs({ clock, log }, { url: redis.url, prefix: 'test', firstRetryMs: 20 }),
      [Symbol.asyncDispose]: redis[Symbol.asyncDispose],
    };
  });

  test('Redis away at the start: the start goes through, and the jobs catch up when it is there', async () => {
    await using redis = await openTestRedis({ isStopped: true });
    const lines: string[] = [];
    await using jobs = await openRedisJobs({ clock, log: tellTo(lines) }, { url: redis.url, prefix: 'test' });
    let beats = 0;
    const ran: unknown[] = [];
    jobs.every('beat', 100, async () => {
      beats += 1;
    });
    jobs.define('greet', async (payload) => void ran.push(payload));
    await jobs.start();
    await expect(jobs.enqueue('greet', 'lost', { id: 'a' })).rejects.toMatchObject({
      code: 'JOBS_UNAVAILABLE',
    });
    expect(lines).toEqual(['job queue is away: jobs wait']);

    await redis.start();
    await expect.poll(() => beats, WAIT).toBeGreaterThanOrEqual(3);
    await jobs.enqueue('greet', 'you', { id: 'a' });
    await expect.poll(() => ran, WAIT).toEqual(['you']);
    await expect.poll(() => lines, WAIT).toEqual(['job queue is away: jobs wait', 'job queue is back']);
  });

  test('Redis killed in flight: what was queued runs when it is back, and recurring work goes on', async () => {
    await using redis = await openTestRedis();
    await using jobs = await openRedisJobs(
      { clock, log },
      { url: redis.url, prefix: 'test', firstRetryMs: 20 },
    );
    let beats = 0;
    const ran = new Set<unknown>();
    jobs.every('beat', 100, async () => {
      beats += 1;
    });
    jobs.define('greet', async (payload) => void ran.add(payload));
    await jobs.start();
    await expect.poll(() => beats, WAIT).toBeGreaterThanOrEqual(1);
    const soonMs = clock.nowMs() + 500;
    await Promise.all(
      Array.from({ length: 50 }, (_, n) => jobs.enqueue('greet', n, { id: `j${n}`, atMs: soonMs })),
    );
    await redis.stop();
    await redis.start();

    await expect.poll(() => ran.size, WAIT).toBe(50);
    const before = beats;
    await expect.poll(() => beats, WAIT).toBeGreaterThan(before + 2);
  });

  test('Redis that lost everything gets the schedules again', async () => {
    await using redis = await openTestRedis({ settings: ['--appendonly', 'no'] });
    await using jobs = await openRedisJobs({ clock, log }, { url: redis.url, prefix: 'test' });
    let beats = 0;
    jobs.every('beat', 100, async () => {
      beats += 1;
    });
    await jobs.start();
    await expect.poll(() => beats, WAIT).toBeGreaterThanOrEqual(1);
    await redis.stop();
    await redis.start();
    const before = beats;
    await expect.poll(() => beats, WAIT).toBeGreaterThan(before + 2);
  });

  test('jobs close while Redis is away', async () => {
    await using redis = await openTestRedis();
    const jobs = await openRedisJobs({ clock, log }, { url: redis.url, prefix: 'test' });
    jobs.every('beat', 100, async () => undefined);
    await jobs.start();
    await redis.stop();
    await jobs[Symbol.asyncDispose]();
  });

  test('a wrong password is told as the server says it, and jobs run once it is right', async () => {
    await using redis = await openTestRedis({ settings: ['--requirepass', 'right'] });
    const told: unknown[] = [];
    const noting = pino({ level: 'info' }, { write: (line: string) => void told.push(JSON.parse(line)) });
    const url = redis.url.replace('redis://', 'redis://:wrong@');
    await using jobs = await openRedisJobs({ clock, log: noting }, { url, prefix: 'test' });
    let beats = 0;
    jobs.every('beat', 100, async () => {
      beats += 1;
    });
    await jobs.start();
    await expect
      .poll(() => told, WAIT)
      .toMatchObject([
        { msg: 'job queue is away: jobs wait', err: { message: expect.stringContaining('WRONGPASS') } },
      ]);

    const operator = new Redis(redis.url.replace('redis://', 'redis://:right@'));
    await operator.config('SET', 'requirepass', 'wrong');
    operator.disconnect();
    await expect.poll(() => beats, WAIT).toBeGreaterThanOrEqual(2);
    await expect.poll(() => told.at(-1), WAIT).toMatchObject({ msg: 'job queue is back' });
  });

  test('two installations on one Redis have their own jobs; one that may drop keys is told of', async () => {
    await using redis = await openTestRedis({ settings: ['--maxmemory-policy', 'allkeys-lru'] });
    const lines: string[] = [];
    const ran: unknown[] = [];
    await using one = await openRedisJobs({ clock, log: tellTo(lines) }, { url: redis.url, prefix: 'one' });
    await using two = await openRedisJobs({ clock, log }, { url: redis.url, prefix: 'two' });
    for (const jobs of [one, two])
      jobs.define('greet', async () => void ran.push(jobs === one ? 'one' : 'two'));
    await one.start();
    await two.start();
    await one.enqueue('greet', null, { id: 'a' });
    await two.enqueue('greet', null, { id: 'a' });

    await expect.poll(() => [...ran].sort(), WAIT).toEqual(['one', 'two']);
    await expect
      .poll(() => lines, WAIT)
      .toEqual(['Redis may drop jobs when it is full: set maxmemory-policy to noeviction']);
  });
});
