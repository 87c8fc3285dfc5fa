import { performance } from 'node:perf_hooks';
import { AftercareError } from '../errors.ts';

const WINDOW_MS = 5 * 60_000;
const MAX_A_NAME = 10;
const MAX_AN_ADDRESS = 100;
const MAX_REMEMBERED = 20_000;

interface Attempt {
  readonly address: string;
  readonly name: string;
}

interface Tally {
  count: number;
  readonly untilMs: number;
}

/**
 * Counts guesses of a password by name from one address and by address: nobody can lock somebody else out from
 * afar. A guess counts from before it is checked, so guessing in parallel gains nothing.
 */
export interface AttemptLimit {
  /** Throws 429 AUTH_TOO_MANY_FAILURES where the guess is one too many; otherwise gives how to take it back. */
  begin(attempt: Attempt): () => void;
}

export function createAttemptLimit(): AttemptLimit {
  const byName = createTallies(MAX_A_NAME);
  const byAddress = createTallies(MAX_AN_ADDRESS);
  return {
    begin: ({ address, name }) => {
      const nowMs = performance.now();
      const counted = [byAddress.find(address, nowMs), byName.find(`${address} ${name}`, nowMs)];
      for (const { tally, max } of counted) {
        if (tally.count < max) continue;
        const seconds = Math.ceil((tally.untilMs - nowMs) / 1_000);
        throw new AftercareError(
          'AUTH_TOO_MANY_FAILURES',
          `too many wrong passwords: try again in ${seconds} s`,
          { kind: 'too_many' },
        );
      }
      for (const { tally } of counted) tally.count += 1;
      return () => {
        for (const { tally } of counted) tally.count -= 1;
      };
    },
  };
}

/** In the order in which they began, so the first to end is the first to be forgotten. */
function createTallies(max: number) {
  const tallies = new Map<string, Tally>();
  return {
    find: (key: string, nowMs: number): { tally: Tally; max: number } => {
      const known = tallies.get(key);
      if (known !== undefined && known.untilMs > nowMs) return { tally: known, max };
      const tally = { count: 0, untilMs: nowMs + WINDOW_MS };
      tallies.delete(key);
      tallies.set(key, tally);
      for (const [oldest, { untilMs }] of tallies) {
        if (untilMs > nowMs && tallies.size <= MAX_REMEMBERED) break;
        tallies.delete(oldest);
      }
      return { tally, max };
    },
  };
}
