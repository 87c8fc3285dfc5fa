import { setTimeout as delay } from 'node:timers/promises';
import { AftercareError } from '#platform/errors.ts';

/** Asks until it gets something; an error counts as nothing yet. Fails after `withinMs` with what it waited for. */
export async function waitFor<T>(
  what: string,
  ask: () => Promise<T | undefined | false>,
  { withinMs = 60_000, everyMs = 50 }: { withinMs?: number; everyMs?: number } = {},
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (let last: unknown; ; ) {
    try {
      const got = await ask();
      if (got !== undefined && got !== false) return got;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) {
      throw new AftercareError('BENCH_TIMEOUT', `no ${what} within ${withinMs} ms`, { cause: last });
    }
    await delay(everyMs);
  }
}
