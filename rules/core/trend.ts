/** Fewest samples that a trend is told from. */
const FEWEST_SAMPLES = 8;
/** Two-sided 5 %. */
const SIGNIFICANT_Z = 1.96;

/** Hours until a gap closes at `slope` per hour: 0 when closed, Infinity when it never does, NaN when unknown. */
export function hoursUntil(slope: number, gap: number): number {
  if (Number.isNaN(slope) || Number.isNaN(gap)) return Number.NaN;
  if (gap <= 0) return 0;
  return slope > 0 ? gap / slope : Number.POSITIVE_INFINITY;
}

interface Trend {
  readonly slope: number;
  /** Level at x = 0. */
  readonly intercept: number;
}

/** Every pair of samples: its slope, and Mann-Kendall's score with its variance, corrected for ties. */
interface Pairs {
  readonly slopes: Float64Array;
  readonly score: number;
  readonly variance: number;
}

/** `x` must ascend. */
export function pairsOf(x: readonly number[], y: readonly number[]): Pairs {
  const count = y.length;
  const slopes = new Float64Array((count * (count - 1)) / 2);
  let score = 0;
  let next = 0;
  for (let i = 0; i < count; i++) {
    for (let j = i + 1; j < count; j++) {
      const rise = (y[j] ?? 0) - (y[i] ?? 0);
      score += Math.sign(rise);
      slopes[next++] = rise / ((x[j] ?? 0) - (x[i] ?? 0));
    }
  }
  return { slopes, score, variance: varianceOf(y) };
}

/**
 * Robust line through (x, y): Theil-Sen, if Mann-Kendall finds it significant; else undefined. `x` must ascend.
 */
export function robustTrend(x: readonly number[], y: readonly number[]): Trend | undefined {
  if (y.length < FEWEST_SAMPLES) return undefined;
  const { slopes, score, variance } = pairsOf(x, y);
  if (variance <= 0 || (Math.abs(score) - 1) / Math.sqrt(variance) < SIGNIFICANT_Z) return undefined;
  const slope = median(slopes);
  return { slope, intercept: median(y.map((value, i) => value - slope * (x[i] ?? 0))) };
}

function varianceOf(y: readonly number[]): number {
  const pairs = (n: number) => n * (n - 1) * (2 * n + 5);
  const ties = new Map<number, number>();
  for (const value of y) ties.set(value, (ties.get(value) ?? 0) + 1);
  let variance = pairs(y.length);
  for (const size of ties.values()) variance -= pairs(size);
  return variance / 18;
}

export function median(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
