import type { AlarmTransition } from '#contracts/alarms.ts';
import type { CompiledRule, Condition, ConditionView } from './compiled-rule.ts';
import type { DeadlineHeap } from './deadline-heap.ts';
import type { Rows } from './rows.ts';
import type { RuleGroup } from './rule-group.ts';
import type { ScanSite } from './scan.ts';
import type { WindowStore } from './windows.ts';

/** Marks of a (row, rule) pair; anything but QUIET has an {@link AlarmRecord}. */
export const QUIET = 0;
export const RECORDED = 1;
export const ACTIVE = 2;

export type AlarmPhase = 'normal' | 'unacknowledged' | 'acknowledged' | 'returned';

/** A rule on a row that is on its way to an alarm, or in one. */
export interface AlarmRecord {
  readonly row: number;
  /** Position among the lane's rules; moves when rules are replaced. */
  rule: number;
  phase: AlarmPhase;
  raisedAtMs: number;
  /** Whether the on-delay (not active) or the off-delay (active) has begun. */
  isTiming: boolean;
  /** Since when the delay runs, NaN while it stands still; what ran before is in `heldMs`. */
  sinceMs: number;
  heldMs: number;
  /** Points that met the condition since the on-delay began. */
  samples: number;
  dueMs: number;
}

/** Points of rules that wait `reorderMs`, and changes of connection among them, in time order. */
export interface HeldEntry {
  readonly atMs: number;
  readonly metric: Uint16Array;
  readonly value: Float64Array;
  readonly isOnline: boolean | null;
}

export interface LaneCounts {
  late: number;
  evaluations: number;
  unknown: number;
  raised: number;
  releasedEarly: number;
  active: number;
}

export type MutableView = { -readonly [K in keyof ConditionView]: ConditionView[K] };

/** All rules with the same `reorderMs`, with the state of every row as they see it. */
export interface Lane {
  readonly reorderMs: number;
  readonly maxHeldPerRow: number;
  readonly rows: Rows;
  readonly windows: WindowStore;
  readonly view: MutableView;
  readonly heap: DeadlineHeap;
  readonly site: ScanSite;
  compiled: readonly CompiledRule[];
  raises: Condition[];
  holds: Condition[];
  /** Marks by `row * compiled.length + rule`. */
  marks: Uint8Array;
  readonly records: (AlarmRecord[] | undefined)[];
  readonly groupOf: RuleGroup[];
  readonly groups: Map<string, RuleGroup>;
  /** By row: what waits, and the newest time that arrived. */
  readonly held: (HeldEntry[] | undefined)[];
  readonly arrivedMs: number[];
  /** Alarms that are not normal, by key. */
  readonly open: Map<string, AlarmRecord>;
  readonly counts: LaneCounts;
  out: AlarmTransition[];
}

export function recordOf(lane: Lane, row: number, rule: number): AlarmRecord | undefined {
  return lane.records[row]?.find((record) => record.rule === rule);
}

export function addRecord(lane: Lane, record: AlarmRecord): void {
  const ofRow = lane.records[record.row];
  if (ofRow === undefined) lane.records[record.row] = [record];
  else ofRow.push(record);
  lane.marks[record.row * lane.compiled.length + record.rule] = markOf(record);
}

/** Brings the mark in line with the record, and drops a record that holds nothing. */
export function settleRecord(lane: Lane, record: AlarmRecord): void {
  const at = record.row * lane.compiled.length + record.rule;
  if (record.phase === 'normal' && !record.isTiming) {
    const ofRow = lane.records[record.row]?.filter((other) => other !== record) ?? [];
    lane.records[record.row] = ofRow.length === 0 ? undefined : ofRow;
    lane.marks[at] = QUIET;
  } else {
    lane.marks[at] = markOf(record);
  }
}

export function isActive(record: AlarmRecord): boolean {
  return record.phase === 'unacknowledged' || record.phase === 'acknowledged';
}

function markOf(record: AlarmRecord): number {
  return isActive(record) ? ACTIVE : RECORDED;
}
