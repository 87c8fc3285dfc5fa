import { type WindowReader, type WindowSpec, windowKey } from './compiled-rule.ts';
import { robustTrend } from './trend.ts';

/** A window is cut into this many buckets, aligned to the epoch. */
const BUCKETS = 30;
/** A window tells nothing until its samples reach this far back. */
const COVERED_BUCKETS = 0.75 * BUCKETS;
/** One bucket more than the window, so that the window is always covered. */
const RING_BUCKETS = BUCKETS + 1;
/** A bucket: which one it is, and two numbers whose meaning is that of the family. */
const FIELDS = 3;
const HOUR_MS = 3_600_000;

/** Numbers of one row's ring. */
export const RING_LENGTH = RING_BUCKETS * FIELDS;

/** Samples of one metric over one window, a ring of buckets a row. */
export interface WindowSeries {
  readonly spec: WindowSpec;
  readonly bucketMs: number;
  readonly rings: (Float64Array | undefined)[];
  readonly trends: (CachedTrend | undefined)[];
  /** Scratch of the last question. */
  readonly totals: Totals;
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

interface Sample {
  readonly atMs: number;
  readonly value: number;
}

/** How the two numbers of a bucket take in a value; `before` is the row's previous value, NaN without one. */
type Take = (ring: Float64Array, at: number, sample: Sample & { readonly before: number }) => void;

/** `mean`: sum, count. `range`: least, most. `change`: last, its time. `starts`: starts, last. */
const TAKES: Readonly<Record<WindowSpec['family'], Take>> = {
  mean: (ring, at, { value }) => {
    ring[at + 1] = (ring[at + 1] ?? 0) + value;
    ring[at + 2] = (ring[at + 2] ?? 0) + 1;
  },
  range: (ring, at, { value }) => {
    if (value < (ring[at + 1] ?? 0)) ring[at + 1] = value;
    if (value > (ring[at + 2] ?? 0)) ring[at + 2] = value;
  },
  change: (ring, at, { atMs, value }) => {
    ring[at + 1] = value;
    ring[at + 2] = atMs;
  },
  starts: (ring, at, { value, before }) => {
    if (before <= 0 && value > 0) ring[at + 1] = (ring[at + 1] ?? 0) + 1;
    ring[at + 2] = value;
  },
};

/** Adds a value that was observed at `atMs`; values of a row come in time order. */
export function addSample(series: WindowSeries, row: number, { atMs, value }: Sample): void {
  const { family } = series.spec;
  let ring = series.rings[row];
  if (ring === undefined) {
    ring = new Float64Array(RING_LENGTH).fill(-1);
    series.rings[row] = ring;
  }
  const bucket = Math.floor(atMs / series.bucketMs);
  if ((series.trends[row]?.bucket ?? bucket) > bucket) series.trends[row] = undefined;
  const at = (bucket % RING_BUCKETS) * FIELDS;
  const previous = family === 'starts' ? newestBefore(ring, bucket) : at;
  const before = previous < 0 ? Number.NaN : (ring[previous + 2] ?? Number.NaN);
  if (ring[at] !== bucket) {
    ring[at] = bucket;
    ring[at + 1] = family === 'range' ? Number.POSITIVE_INFINITY : 0;
    ring[at + 2] = family === 'range' ? Number.NEGATIVE_INFINITY : 0;
  }
  TAKES[family](ring, at, { atMs, value, before });
}

/** Position of the newest bucket with samples up to `bucket`, -1 when there is none. */
function newestBefore(ring: Float64Array, bucket: number): number {
  for (let past = bucket; past >= bucket - BUCKETS; past--) {
    const at = (past % RING_BUCKETS) * FIELDS;
    if (ring[at] === past) return at;
  }
  return -1;
}

/** What the window's buckets come to; only what is asked for is meaningful in the family. */
interface Totals {
  first: number;
  second: number;
  least: number;
  most: number;
}

/** Totals of the window up to `nowMs`, in an object that the next call reuses; undefined while not covered. */
function totalsOf(series: WindowSeries | undefined, row: number, nowMs: number): Totals | undefined {
  const ring = series?.rings[row];
  if (series === undefined || ring === undefined) return undefined;
  const newest = Math.floor(nowMs / series.bucketMs);
  let [first, second, oldest] = [0, 0, newest];
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let at = (newest % RING_BUCKETS) * FIELDS;
  for (let bucket = newest; bucket > newest - BUCKETS; bucket--) {
    if (ring[at] === bucket) {
      const a = ring[at + 1] ?? 0;
      const b = ring[at + 2] ?? 0;
      first += a;
      second += b;
      least = Math.min(least, a);
      most = Math.max(most, b);
      oldest = bucket;
    }
    at = at === 0 ? RING_LENGTH - FIELDS : at - FIELDS;
  }
  if (newest - oldest < COVERED_BUCKETS) return undefined;
  const { totals } = series;
  totals.first = first;
  totals.second = second;
  totals.least = least;
  totals.most = most;
  return totals;
}

export function createWindowStore(): WindowStore {
  const series = new Map<number, WindowSeries>();
  const totals = (key: number, row: number, nowMs: number) => totalsOf(series.get(key), row, nowMs);

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
      const found = totals(key, row, nowMs);
      return found === undefined ? Number.NaN : found.first / found.second;
    },
    min: (key, row, nowMs) => totals(key, row, nowMs)?.least ?? Number.NaN,
    max: (key, row, nowMs) => totals(key, row, nowMs)?.most ?? Number.NaN,
    starts: (key, row, nowMs) => totals(key, row, nowMs)?.first ?? Number.NaN,
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

function createSeries(spec: WindowSpec): WindowSeries {
  const bucketMs = Math.max(1, Math.ceil(spec.windowMs / BUCKETS));
  const totals = { first: 0, second: 0, least: 0, most: 0 };
  return { spec, bucketMs, rings: [], trends: [], totals };
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
    const at = (past % RING_BUCKETS) * FIELDS;
    if (ring[at] !== past || last < 0) continue;
    return {
      value: (ring[last + 1] ?? Number.NaN) - (ring[at + 1] ?? Number.NaN),
      spanMs: (ring[last + 2] ?? Number.NaN) - (ring[at + 2] ?? Number.NaN),
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
    const at = (past % RING_BUCKETS) * FIELDS;
    if (ring[at] !== past) continue;
    hours.push(((past + 0.5 - bucket) * series.bucketMs) / HOUR_MS);
    means.push((ring[at + 1] ?? 0) / (ring[at + 2] ?? 1));
  }
  const found = robustTrend(hours, means);
  return { bucket, slope: found?.slope ?? Number.NaN, level: found?.intercept ?? Number.NaN };
}
