import type { Prognosis, PrognosisQuestion } from '#contracts/prognosis.ts';
import { median, pairsOf } from '../core/trend.ts';
import { lastReset } from './last-reset.ts';

const DAY_MS = 86_400_000;
const HORIZON_MS = 3_652.5 * DAY_MS;
const FEWEST_SAMPLES = 48;
const SHORTEST_SPAN_MS = 3 * DAY_MS;
const MOST_POINTS = 500;
/** Two-sided 0.1 %: a trend that orders maintenance must not be chance. */
const SIGNIFICANT_Z = 3.29;
/** Two-sided 80 %: from P10 to P90. */
const INTERVAL_Z = 1.2816;
/** Standard error of a median by that of a mean. */
const MEDIAN_ERROR = 1.2533;
const SIGMA_OF_MAD = 1.4826;
const MOST_CORRELATED = 0.95;

/** Samples as [epoch ms, value], in order of time. */
type Points = readonly (readonly [number, number])[];

/**
 * When the metric reaches its limit. Theil-Sen on what follows the last reset, if Mann-Kendall, corrected for
 * neighbouring samples being alike, finds the trend significant and its middle forecast lies within ten years.
 */
export function forecastTrend(
  points: Points,
  { limit, direction }: Pick<PrognosisQuestion, 'limit' | 'direction'>,
  nowMs: number,
): Prognosis {
  const reset = lastReset(
    points.map(([, value]) => value),
    direction,
  );
  const used = points.slice(reset);
  const samples = used.length;
  const spanMs = (used.at(-1)?.[0] ?? 0) - (used[0]?.[0] ?? 0);
  if (samples < FEWEST_SAMPLES || spanMs < SHORTEST_SPAN_MS) return { state: 'insufficient_data', samples };
  const sign = direction === 'rising' ? 1 : -1;
  const line = fitLine(thin(used), sign);
  if (line === undefined) return { state: 'no_trend', samples };
  const atMs = (slope: number, level: number) => {
    const gap = sign * limit - level;
    const crossingMs = slope > 0 ? line.pivotMs + (gap / slope) * DAY_MS : Number.POSITIVE_INFINITY;
    return Math.max(nowMs, gap <= 0 ? nowMs : crossingMs);
  };
  const p50AtMs = atMs(line.slope, line.level);
  if (p50AtMs - nowMs > HORIZON_MS) return { state: 'no_trend', samples };
  const p90AtMs = atMs(line.slowest, line.level - line.levelError);
  return {
    state: 'trend',
    currentValue: sign * (line.level + (line.slope * (nowMs - line.pivotMs)) / DAY_MS),
    slopePerDay: sign * line.slope,
    p10AtMs: Math.round(atMs(line.fastest, line.level + line.levelError)),
    p50AtMs: Math.round(p50AtMs),
    p90AtMs: p90AtMs - nowMs > HORIZON_MS ? null : Math.round(p90AtMs),
    samples,
  };
}

/** Means of as many neighbouring points as leave at most 500. */
function thin(points: Points): Points {
  const size = Math.ceil(points.length / MOST_POINTS);
  if (size === 1) return points;
  return Array.from({ length: Math.ceil(points.length / size) }, (_, group): readonly [number, number] => {
    const members = points.slice(group * size, (group + 1) * size);
    const mean = (part: 0 | 1) => members.reduce((sum, point) => sum + point[part], 0) / members.length;
    return [mean(0), mean(1)];
  });
}

/** A line that rises towards the limit, with the bounds of its slope a day; its level is that at the pivot. */
interface Line {
  readonly slope: number;
  readonly slowest: number;
  readonly fastest: number;
  readonly pivotMs: number;
  readonly level: number;
  readonly levelError: number;
}

function fitLine(points: Points, sign: 1 | -1): Line | undefined {
  const pivotMs = median(points.map(([atMs]) => atMs));
  const x = points.map(([atMs]) => (atMs - pivotMs) / DAY_MS);
  const y = points.map(([, value]) => sign * value);
  const { slopes, score, variance } = pairsOf(x, y);
  slopes.sort();
  const slope = median(slopes);
  const residuals = y.map((value, i) => value - slope * (x[i] ?? 0));
  const level = median(residuals);
  const alike = correlation(residuals.map((residual) => residual - level));
  const inflation = (1 + alike) / (1 - alike);
  const deviation = Math.sqrt(variance * inflation);
  if (slope <= 0 || variance <= 0 || (score - 1) / deviation < SIGNIFICANT_Z) return undefined;
  const spread = SIGMA_OF_MAD * median(residuals.map((residual) => Math.abs(residual - level)));
  const halfRank = INTERVAL_Z * deviation;
  const quantile = (rank: number) =>
    slopes[Math.min(slopes.length - 1, Math.max(0, Math.round(rank)))] ?? slope;
  return {
    slope,
    slowest: quantile((slopes.length - halfRank) / 2 - 1),
    fastest: quantile((slopes.length + halfRank) / 2),
    pivotMs,
    level,
    levelError: INTERVAL_Z * MEDIAN_ERROR * spread * Math.sqrt(inflation / points.length),
  };
}

/** How alike neighbouring residuals are, from 0 to 0.95. */
function correlation(residuals: readonly number[]): number {
  let products = 0;
  let squares = 0;
  residuals.forEach((residual, i) => {
    squares += residual * residual;
    if (i > 0) products += residual * (residuals[i - 1] ?? 0);
  });
  return squares === 0 ? 0 : Math.min(MOST_CORRELATED, Math.max(0, products / squares));
}
