import { METRICS } from '#contracts/metrics.ts';
import type { AlarmRule } from '#contracts/rules.ts';

/** Metric slots of one row: as many as the longest metric list has. */
export const SLOTS_PER_ROW = Math.max(...Object.values(METRICS).map((metrics) => metrics.length));

/** Numbers of one row in {@link ConditionView.cells}: slot `m` holds its value at `2 m`, its time at `2 m + 1`. */
export const CELLS_PER_ROW = 2 * SLOTS_PER_ROW;

/** What a condition comes to: the unknown holds whatever state the alarm is in. */
export const TRUE = 1;
export const FALSE = 0;
export const UNKNOWN = -1;

/** What a compiled condition reads. A row is one component of one device; unknown numbers are NaN. */
export interface ConditionView {
  /** Last value and its event time (-Infinity: never) by row and metric slot. */
  readonly cells: Float64Array;
  /** By row: {@link TRUE}, {@link FALSE} or {@link UNKNOWN}. */
  readonly online: Int8Array;
  readonly windows: WindowReader;
  readonly model: (row: number) => string;
  readonly attribute: (row: number, name: string) => string | undefined;
  readonly hasFault: (row: number, code: string) => boolean;
  /** Event time since which the metric is missed while online; NaN: cannot tell; Infinity: not expected here. */
  readonly missedSince: (row: number, metric: number) => number;
}

/** A statistic over one window of one row; NaN while it cannot be told. */
export type WindowStatistic = (windowKey: number, row: number, nowMs: number) => number;

/** Window functions as conditions call them; the key is {@link windowKey} of the metric and the window. */
export interface WindowReader {
  readonly avg: WindowStatistic;
  readonly min: WindowStatistic;
  readonly max: WindowStatistic;
  readonly delta: WindowStatistic;
  /** Change per hour. */
  readonly rate: WindowStatistic;
  readonly starts: WindowStatistic;
  /** Robust slope per hour of the bucket means, NaN while not significant. */
  readonly slope: WindowStatistic;
  /** Level of that trend at `nowMs`. */
  readonly level: WindowStatistic;
}

/** What is kept of the samples: sums for averages and trends, extremes, the last value, or counted starts. */
export const FAMILIES = ['mean', 'range', 'change', 'starts'] as const;

export interface WindowSpec {
  readonly metric: number;
  readonly windowMs: number;
  readonly family: (typeof FAMILIES)[number];
}

/** One number for a window, so that rules asking the same share the samples. */
export function windowKey({ metric, windowMs, family }: WindowSpec): number {
  return (windowMs * 1024 + metric) * FAMILIES.length + FAMILIES.indexOf(family);
}

/** Evaluates to {@link TRUE}, {@link FALSE} or {@link UNKNOWN}; allocates nothing. */
export type Condition = (view: ConditionView, row: number, nowMs: number) => number;

/** JavaScript that is true when the rule would be raised, over `c`, `row`, `now`, `d` and `b` as declared. */
export interface ScanSource {
  readonly declarations: readonly string[];
  readonly test: string;
}

/** A rule ready to run, with what the engine must know to call it at the right moments. */
export interface CompiledRule {
  readonly rule: AlarmRule;
  /** Slots whose new value calls for an evaluation. */
  readonly metrics: readonly number[];
  /** Longest age in ms at which a value of that slot counts, by position in `metrics`. */
  readonly maxAgesMs: readonly number[];
  readonly faultCodes: readonly string[];
  readonly readsOnline: boolean;
  readonly absences: readonly { readonly metric: number; readonly forMs: number }[];
  readonly windows: readonly WindowSpec[];
  /** Decides while the alarm is not active. */
  readonly raise: Condition;
  /** `raise` in source, so that the rules which one kind of point concerns can be fused. */
  readonly scan: ScanSource;
  /** Decides while it is active: the same condition with limits moved by the deadband. */
  readonly hold: Condition;
}
