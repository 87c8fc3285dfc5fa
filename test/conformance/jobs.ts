import { describe, expect, test } from 'vitest';
import { type Clock, createClock } from '#platform/clock.ts';
import type { Jobs } from '#platform/jobs/jobs.ts';

/** Where instances of one installation share their jobs. */
interface JobsPlace extends AsyncDisposable {
  open(clock: Clock): Promise<Jobs>;
}

const WAIT = { timeout: 20_000, interval: 20 };
const HOUR_MS = 3_600_000;

/** What every implementation of the jobs port keeps. `openPlace` gives an empty place each time. */
export function describeJobs(name: string, openPlace: () => Promise<JobsPlace>): void {
  describe(name, () => {
    const clock = createClock();

    test('a job runs once, with its payload', async () => {
      await using place = await openPlace();
      await using jobs = await place.open(clock);
      const ran: unknown[] = [];
      jobs.define('greet', async (payload) => void ran.push(payload));
      await jobs.start();
      await jobs.enqueue('greet', { to: 'you', times: [1, 2] }, { id: 'a' });
      await jobs.enqueue('greet', 'last', { id: 'b' });

      await expect
        .poll(() => ran, WAIT)
        .toEqual(expect.arrayContaining([{ to: 'you', times: [1, 2] }, 'last']));
      expect(ran).toHaveLength(2);
    });

    test('the same id waits once, and may come again when it has run', async () => {
      await using place = await openPlace();
      await using jobs = await place.open(clock);
      const ran: unknown[] = [];
      jobs.define('sum', async (payload) => void ran.push(payload));
      await jobs.enqueue('sum', 1, { id: 'a' });
      await jobs.enqueue('sum', 2, { id: 'a' });
      await jobs.enqueue('sum', 3, { id: 'b' });
      await jobs.start();
      await expect.poll(() => [...ran].sort(), WAIT).toEqual([1, 3]);

      await expect
        .poll(async () => {
          await jobs.enqueue('sum', 4, { id: 'a' });
          return ran;
        }, WAIT)
        .toContain(4);
      expect(ran).not.toContain(2);
    });

    test('the same id of another name is another job', async () => {
      await using place = await openPlace();
      await using jobs = await place.open(clock);
      const ran: string[] = [];
      jobs.define('left', async () => void ran.push('left'));
      jobs.define('right', async () => void ran.push('right'));
      await jobs.enqueue('left', null, { id: 'a' });
      await jobs.enqueue('right', null, { id: 'a' });
      await jobs.start();

      await expect.poll(() => [...ran].sort(), WAIT).toEqual(['left', 'right']);
    });

    test('an id with ":" is refused', async () => {
      await using place = await openPlace();
      await using jobs = await place.open(clock);
      await expect(jobs.enqueue('any', null, { id: 'a:b' })).rejects.toMatchObject({
        code: 'JOB_ID_INVALID',
      });
    });

    test('a job asked for while the same one runs is run after', async () => {
      await using place = await openPlace();
      await using jobs = await place.open(clock);
      const ran: unknown[] = [];
      jobs.define('recheck', async (payload) => {
        if (payload === 'first') await jobs.enqueue('recheck', 'second', { id: 'a' });
        ran.push(payload);
      });
      await jobs.start();
      await jobs.enqueue('recheck', 'first', { id: 'a' });

      await expect.poll(() => [...ran].sort(), WAIT).toEqual(['first', 'second']);
    });

    test('a delayed job runs at its instant of the clock, not before', async () => {
      await using place = await openPlace();
      const fast = createClock(3_600);
      await using jobs = await place.open(fast);
      const ranAtMs: number[] = [];
      jobs.define('late', async () => void ranAtMs.push(fast.nowMs()));
      await jobs.start();
      const atMs = fast.nowMs() + HOUR_MS;
      await jobs.enqueue('late', null, { id: 'a', atMs });

      await expect.poll(() => ranAtMs, WAIT).toHaveLength(1);
      expect(ranAtMs[0]).toBeGreaterThanOrEqual(atMs);
    });

    test('a job cancelled while it waits does not run', async () => {
      await using place = await openPlace();
      await using jobs = await place.open(clock);
      const ran: unknown[] = [];
      jobs.define('maybe', async (payload) => void ran.push(payload));
      await jobs.enqueue('maybe', 'cancelled', { id: 'a' });
      await jobs.enqueue('maybe', 'kept', { id: 'b' });
      await jobs.cancel('maybe', 'a');
      await jobs.cancel('maybe', 'never-there');
      await jobs.start();

      await expect.poll(() => ran, WAIT).toEqual(['kept']);
    });

    test('a failing handler is tried again until it succeeds', async () => {
      await using place = await openPlace();
      await using jobs = await place.open(clock);
      let attempts = 0;
      jobs.define('shaky', async () => {
        attempts += 1;
        if (attempts < 3) throw new Error('not yet');
      });
      await jobs.start();
      await jobs.enqueue('shaky', null, { id: 'a' });

      await expect.poll(() => attempts, WAIT).toBe(3);
    });

    test('recurring work comes again at the interval last named, and work no longer named does not', async () => {
      await using place = await openPlace();
      let runs = 0;
      const first = await place.open(clock);
      first.every('beat', HOUR_MS, async () => {
        runs += 1;
      });
      first.every('gone', 200, async () => undefined);
      await first.start();
      await first[Symbol.asyncDispose]();

      runs = 0;
      await using second = await place.open(clock);
      let gone = 0;
      second.define('gone', async () => {
        gone += 1;
      });
      second.every('beat', 150, async () => {
        runs += 1;
      });
      await second.start();
      await expect.poll(() => runs, WAIT).toBeGreaterThanOrEqual(5);
      expect(gone).toBe(0);
    });

    test('recurring work that outlasts its interval does not overlap on two nodes', async () => {
      await using place = await openPlace();
      let inside = 0;
      let most = 0;
      let runs = 0;
      const slow = async () => {
        inside += 1;
        most = Math.max(most, inside);
        await new Promise((resolve) => setTimeout(resolve, 350));
        inside -= 1;
        runs += 1;
      };
      await using left = await place.open(clock);
      await using right = await place.open(clock);
      left.every('slow', 100, slow);
      right.every('slow', 100, slow);
      await left.start();
      await right.start();

      await expect.poll(() => runs, WAIT).toBeGreaterThanOrEqual(3);
      expect(most).toBe(1);
    });

    test('two instances share the jobs: each job runs on one of them', async () => {
      await using place = await openPlace();
      const ran: unknown[] = [];
      await using left = await place.open(clock);
      await using right = await place.open(clock);
      for (const jobs of [left, right]) {
        jobs.define('share', async (payload) => void ran.push(payload));
        await jobs.start();
      }
      const ids = Array.from({ length: 40 }, (_, n) => n);
      await Promise.all(ids.map((n) => (n % 2 ? left : right).enqueue('share', n, { id: `j${n}` })));

      await expect.poll(() => ran.length, WAIT).toBe(40);
      expect([...ran].sort((a, b) => Number(a) - Number(b))).toEqual(ids);
    });

    test('closing finishes the job in hand', async () => {
      await using place = await openPlace();
      const jobs = await place.open(clock);
      let begin = (): void => undefined;
      let release = (): void => undefined;
      const begun = new Promise<void>((resolve) => {
        begin = resolve;
      });
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      let isDone = false;
      jobs.define('long', async () => {
        begin();
        await released;
        isDone = true;
      });
      await jobs.start();
      await jobs.enqueue('long', null, { id: 'a' });
      await begun;
      const closed = jobs[Symbol.asyncDispose]();
      release();
      await closed;

      expect(isDone).toBe(true);
    });

    test('a job left by an instance that never ran it runs in the next', async () => {
      await using place = await openPlace();
      const first = await place.open(clock);
      await first.enqueue('later', 'left behind', { id: 'a' });
      await first[Symbol.asyncDispose]();

      await using second = await place.open(clock);
      const ran: unknown[] = [];
      second.define('later', async (payload) => void ran.push(payload));
      await second.start();
      await expect.poll(() => ran, WAIT).toEqual(['left behind']);
    });
  });
}
