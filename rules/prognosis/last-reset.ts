import { median } from '../core/trend.ts';

/** Samples compared on either side: a day of hourly ones, so that the daily cycle cancels. */
const SIDE = 24;
/** Fewest after a reset for it to show. */
const FEWEST_AFTER = 6;
/** A reset is this many times the spread of the samples about their daily level. */
const SPREADS = 3;
/** Standard deviation of normal noise by its median absolute deviation. */
const SIGMA_OF_MAD = 1.4826;

/**
 * Position of the first sample after the last reset: a sudden step against the direction of wear, as maintenance
 * makes; 0 without one.
 */
export function lastReset(values: readonly number[], direction: 'rising' | 'falling'): number {
  if (values.length < SIDE + FEWEST_AFTER) return 0;
  const sign = direction === 'rising' ? -1 : 1;
  const least = SPREADS * spreadOf(values);
  const stepAt = (at: number) =>
    sign * (median(values.slice(at, at + SIDE)) - median(values.slice(at - SIDE, at)));
  for (let at = values.length - FEWEST_AFTER; at >= SIDE; at--) {
    if (stepAt(at) > least) return sharpest(values, at, sign);
  }
  return 0;
}

/** Where within a day before `at` the values jump most. */
function sharpest(values: readonly number[], at: number, sign: number): number {
  let best = at;
  let jump = Number.NEGATIVE_INFINITY;
  for (let i = Math.max(1, at - SIDE); i <= Math.min(values.length - 1, at + FEWEST_AFTER); i++) {
    const rise = sign * ((values[i] ?? 0) - (values[i - 1] ?? 0));
    if (rise > jump) {
      jump = rise;
      best = i;
    }
  }
  return best;
}

function spreadOf(values: readonly number[]): number {
  const half = SIDE / 2;
  const deviations = values.map((value, at) =>
    Math.abs(value - median(values.slice(Math.max(0, at - half), at + half + 1))),
  );
  return SIGMA_OF_MAD * median(deviations);
}
