import { type WindowReader, type WindowSpec, windowKey } from './compiled-rule.ts';
import { robustTrend } from './trend.ts';

/** A window is cut into this many buckets, aligned to the epoch. */
export const BUCKETS = 60;
/** Numbers of a bucket. */
const [INDEX, COUNT, SUM, MIN, MAX, LAST, LAST_AT, STARTS, FIELDS] = [0, 1, 2, 3, 4, 5, 6, 7, 8] as const;
/** One bucket more than the window, so that the window is always covered. */
export const RING_LENGTH = (BUCKETS + 1) * FIELDS;
const HOUR_MS = 3_600_000;
/** A window tells nothing until its samples reach this far back. */
const COVERED_BUCKETS = 0.75 * BUCKETS;

/** Samples of one metric over one window, a ring of buckets a row. */
export interface WindowSeries {
  readonly spec: WindowSpec;
  readonly bucketMs: number;
  readonly rings: (Float64Array | undefined)[];
  readonly trends: (CachedTrend | undefined)[];
}

interface CachedTrend {
  readonly bucket: number;
  readonly slope: number;
  /** Level at the start of `bucket`. */
  readonly level: number;
}

export interface WindowStore extends WindowReader {
  readonly series: ReadonlyMap<number, WindowSeries>;
  /** Takes what the rules ask for; samples of windows that stay are kept. */
  readonly ask: (specs: readonly WindowSpec[]) => void;
}

export function createSeries(spec: WindowSpec): WindowSeries {
  return { spec, bucketMs: Math.max(1, Math.ceil(spec.windowMs / BUCKETS)), rings: [], trends: [] };
}

/** Adds a value that was observed at `atMs`; values of a row come in time order. */
export function addSample(series: WindowSeries, row: number, sample: { atMs: number; value: number }): void {
  const { atMs, value } = sample;
  let ring = series.rings[row];
  if (ring === undefined) {
    ring = new Float64Array(RING_LENGTH).fill(-1);
    series.rings[row] = ring;
  }
  const bucket = Math.floor(atMs / series.bucketMs);
  const at = (bucket % (BUCKETS + 1)) * FIELDS;
  if ((series.trends[row]?.bucket ?? bucket) > bucket) series.trends[row] = undefined;
  const previous = newestBefore(ring, bucket);
  const before = previous < 0 ? Number.NaN : (ring[previous + LAST] ?? Number.NaN);
  if (ring[at + INDEX] !== bucket) {
    ring.fill(0, at, at + FIELDS);
    ring[at + INDEX] = bucket;
    ring[at + MIN] = value;
    ring[at + MAX] = value;
  }
  ring[at + COUNT] = (ring[at + COUNT] ?? 0) + 1;
  ring[at + SUM] = (ring[at + SUM] ?? 0) + value;
  if (value < (ring[at + MIN] ?? 0)) ring[at + MIN] = value;
  if (value > (ring[at + MAX] ?? 0)) ring[at + MAX] = value;
  if (before <= 0 && value > 0) ring[at + STARTS] = (ring[at + STARTS] ?? 0) + 1;
  ring[at + LAST] = value;
  ring[at + LAST_AT] = atMs;
}

/** Position of the newest bucket with samples up to `bucket`, -1 when there is none. */
function newestBefore(ring: Float64Array, bucket: number): number {
  for (let past = bucket; past >= bucket - BUCKETS; past--) {
    const at = (past % (BUCKETS + 1)) * FIELDS;
    if (ring[at + INDEX] === past) return at;
  }
  return -1;
}

type Fold = (total: number, ring: Float64Array, at: number) => number;

export function createWindowStore(): WindowStore {
  const series = new Map<number, WindowSeries>();

  const fold = (key: number, row: number, nowMs: number) => (step: Fold) => {
    const one = series.get(key);
    const ring = one?.rings[row];
    if (one === undefined || ring === undefined) return Number.NaN;
    const newest = Math.floor(nowMs / one.bucketMs);
    let total = Number.NaN;
    let oldest = newest;
    for (let bucket = newest; bucket > newest - BUCKETS; bucket--) {
      const at = (bucket % (BUCKETS + 1)) * FIELDS;
      if (ring[at + INDEX] !== bucket) continue;
      total = step(total, ring, at);
      oldest = bucket;
    }
    return newest - oldest < COVERED_BUCKETS ? Number.NaN : total;
  };

  const trend = (key: number, row: number, nowMs: number): CachedTrend | undefined => {
    const one = series.get(key);
    if (one === undefined) return undefined;
    const bucket = Math.floor(nowMs / one.bucketMs);
    const cached = one.trends[row];
    if (cached?.bucket === bucket) return cached;
    const fresh = findTrend(one, row, bucket);
    one.trends[row] = fresh;
    return fresh;
  };

  return {
    series,
    ask(specs) {
      const wanted = new Map(specs.map((spec) => [windowKey(spec), spec]));
      for (const key of series.keys()) if (!wanted.has(key)) series.delete(key);
      for (const [key, spec] of wanted) if (!series.has(key)) series.set(key, createSeries(spec));
    },
    avg(key, row, nowMs) {
      let count = 0;
      const sum = fold(
        key,
        row,
        nowMs,
      )((total, ring, at) => {
        count += ring[at + COUNT] ?? 0;
        return (Number.isNaN(total) ? 0 : total) + (ring[at + SUM] ?? 0);
      });
      return sum / count;
    },
    min: (key, row, nowMs) =>
      fold(key, row, nowMs)((total, ring, at) => smaller(total, ring[at + MIN] ?? Number.NaN)),
    max: (key, row, nowMs) =>
      -fold(key, row, nowMs)((total, ring, at) => smaller(total, -(ring[at + MAX] ?? Number.NaN))),
    starts: (key, row, nowMs) =>
      fold(
        key,
        row,
        nowMs,
      )((total, ring, at) => (Number.isNaN(total) ? 0 : total) + (ring[at + STARTS] ?? 0)),
    delta: (key, row, nowMs) => changeOver(series.get(key), row, nowMs).value,
    rate(key, row, nowMs) {
      const { value, spanMs } = changeOver(series.get(key), row, nowMs);
      return (value * HOUR_MS) / spanMs;
    },
    slope: (key, row, nowMs) => trend(key, row, nowMs)?.slope ?? Number.NaN,
    level(key, row, nowMs) {
      const found = trend(key, row, nowMs);
      const one = series.get(key);
      if (found === undefined || one === undefined) return Number.NaN;
      return found.level + (found.slope * (nowMs - found.bucket * one.bucketMs)) / HOUR_MS;
    },
  };
}

function smaller(a: number, b: number): number {
  return a <= b ? a : b;
}

/** From the first sample of the window's first quarter to the newest. */
function changeOver(
  series: WindowSeries | undefined,
  row: number,
  nowMs: number,
): { readonly value: number; readonly spanMs: number } {
  const ring = series?.rings[row];
  if (series === undefined || ring === undefined) return { value: Number.NaN, spanMs: Number.NaN };
  const newest = Math.floor(nowMs / series.bucketMs);
  const last = newestBefore(ring, newest);
  for (let past = newest - BUCKETS; past <= newest - COVERED_BUCKETS; past++) {
    const at = (past % (BUCKETS + 1)) * FIELDS;
    if (ring[at + INDEX] !== past || last < 0) continue;
    return {
      value: (ring[last + LAST] ?? Number.NaN) - (ring[at + LAST] ?? Number.NaN),
      spanMs: (ring[last + LAST_AT] ?? Number.NaN) - (ring[at + LAST_AT] ?? Number.NaN),
    };
  }
  return { value: Number.NaN, spanMs: Number.NaN };
}

/** Trend of the closed buckets before `bucket`, in hours relative to its start. */
function findTrend(series: WindowSeries, row: number, bucket: number): CachedTrend {
  const ring = series.rings[row];
  const hours: number[] = [];
  const means: number[] = [];
  for (let past = bucket - BUCKETS; ring !== undefined && past < bucket; past++) {
    const at = (past % (BUCKETS + 1)) * FIELDS;
    if (ring[at + INDEX] !== past) continue;
    hours.push(((past + 0.5 - bucket) * series.bucketMs) / HOUR_MS);
    means.push((ring[at + SUM] ?? 0) / (ring[at + COUNT] ?? 1));
  }
  const found = robustTrend(hours, means);
  return { bucket, slope: found?.slope ?? Number.NaN, level: found?.intercept ?? Number.NaN };
}
