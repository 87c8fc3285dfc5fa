import type { DeviceRef } from '#contracts/point-batch.ts';
import { type CompiledRule, SLOTS_PER_ROW, windowKey } from './compiled-rule.ts';
import type { Scan } from './scan.ts';
import type { WindowSeries, WindowStore } from './windows.ts';

/** Rules (by position) that a point with one list of metrics concerns. */
export interface Touched {
  readonly rules: Int32Array;
  /** How often it was used, and the fused scan of its rules once that is worth its making. */
  uses: number;
  scan: Scan | undefined;
  /** Those of them that wait for a value to be missed. */
  readonly absent: readonly Absence[];
  /** Windows that take a sample, with the position of the value among the point's. */
  readonly samples: readonly { readonly series: WindowSeries; readonly position: number }[];
}

interface Absence {
  readonly rule: number;
  readonly metric: number;
  readonly forMs: number;
}

/** The rules that apply to a set of rows, indexed by what can make them change their mind. */
export interface RuleGroup {
  readonly rules: readonly number[];
  readonly onlineRules: readonly number[];
  readonly absences: readonly Absence[];
  readonly faultRules: ReadonlyMap<string, readonly number[]>;
  /** Child of a node by metric: `next[node * SLOTS_PER_ROW + metric]`, 0 when not yet known. */
  next: Int32Array;
  readonly touched: (Touched | undefined)[];
  readonly metricsOf: number[][];
  /** Fused scans made so far. */
  scans: number;
}

const MOST_SHAPES = 4096;
/** Returned for a metric list that found no room: it is worked out anew each time. */
const NO_NODE = -1;

/** Whether a rule watches that row. What a device's connection says concerns the device as a whole only. */
export function isApplicable(
  { rule, readsOnline }: CompiledRule,
  device: DeviceRef,
  component: string,
): boolean {
  const { kind, models, labels } = rule.appliesTo;
  if (kind !== device.kind) return false;
  if (readsOnline && component !== '') return false;
  if (models !== undefined && !models.includes(device.model)) return false;
  return Object.entries(labels ?? {}).every(([name, value]) => device.labels[name] === value);
}

export function createRuleGroup(compiled: readonly CompiledRule[], rules: readonly number[]): RuleGroup {
  const faultRules = new Map<string, number[]>();
  const absences: Absence[] = [];
  const onlineRules: number[] = [];
  for (const index of rules) {
    const one = compiled[index];
    if (one === undefined) continue;
    if (one.readsOnline) onlineRules.push(index);
    for (const code of one.faultCodes) faultRules.set(code, [...(faultRules.get(code) ?? []), index]);
    for (const absence of one.absences) absences.push({ rule: index, ...absence });
  }
  return {
    rules,
    onlineRules,
    absences,
    faultRules,
    next: new Int32Array(16 * SLOTS_PER_ROW),
    touched: [undefined],
    metricsOf: [[]],
    scans: 0,
  };
}

/** The node reached from `node` by one more metric, made when it is new; `NO_NODE` when there is no room. */
export function addShape(group: RuleGroup, node: number, metric: number): number {
  if (node === NO_NODE || group.metricsOf.length >= MOST_SHAPES) return NO_NODE;
  const made = group.metricsOf.length;
  group.metricsOf.push([...(group.metricsOf[node] ?? []), metric]);
  group.touched.push(undefined);
  if ((made + 1) * SLOTS_PER_ROW > group.next.length) {
    const larger = new Int32Array(2 * group.next.length);
    larger.set(group.next);
    group.next = larger;
  }
  group.next[node * SLOTS_PER_ROW + metric] = made;
  return made;
}

/** What a point with those metrics concerns, each rule once, in rule order. */
export function findTouched(
  group: RuleGroup,
  metrics: ArrayLike<number>,
  engine: { readonly compiled: readonly CompiledRule[]; readonly windows: WindowStore },
): Touched {
  const present = new Set(Array.from(metrics));
  const rules = group.rules.filter((index) => engine.compiled[index]?.metrics.some((m) => present.has(m)));
  const wanted = new Set(
    group.rules.flatMap((index) => engine.compiled[index]?.windows.map((spec) => windowKey(spec)) ?? []),
  );
  const samples: { series: WindowSeries; position: number }[] = [];
  for (const [key, series] of engine.windows.series) {
    for (let position = 0; position < metrics.length; position++) {
      if (wanted.has(key) && metrics[position] === series.spec.metric) samples.push({ series, position });
    }
  }
  return {
    rules: Int32Array.from(rules),
    uses: 0,
    scan: undefined,
    absent: group.absences.filter(({ metric }) => present.has(metric)),
    samples,
  };
}
