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

/**
 * Robust line through (x, y): Theil-Sen, if Mann-Kendall finds it significant; else undefined. `x` must ascend.
 */
export function robustTrend(x: readonly number[], y: readonly number[]): Trend | undefined {
  const count = y.length;
  if (count < FEWEST_SAMPLES) return undefined;
  const slopes: number[] = [];
  let score = 0;
  for (let i = 0; i < count; i++) {
    for (let j = i + 1; j < count; j++) {
      const rise = (y[j] ?? 0) - (y[i] ?? 0);
      score += Math.sign(rise);
      slopes.push(rise / ((x[j] ?? 0) - (x[i] ?? 0)));
    }
  }
  if (!isSignificant(score, y)) return undefined;
  const slope = median(slopes);
  return { slope, intercept: median(y.map((value, i) => value - slope * (x[i] ?? 0))) };
}

/** Mann-Kendall with the correction for ties. */
function isSignificant(score: number, y: readonly number[]): boolean {
  const pairs = (n: number) => n * (n - 1) * (2 * n + 5);
  const ties = new Map<number, number>();
  for (const value of y) ties.set(value, (ties.get(value) ?? 0) + 1);
  let variance = pairs(y.length);
  for (const size of ties.values()) variance -= pairs(size);
  if (variance <= 0) return false;
  return (Math.abs(score) - 1) / Math.sqrt(variance / 18) >= SIGNIFICANT_Z;
}

function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
