import type { AlarmState, AlarmTransition, Reason } from '#contracts/alarms.ts';
import { METRICS } from '#contracts/metrics.ts';
import { CELLS_PER_ROW, type CompiledRule, FALSE, TRUE, UNKNOWN } from './compiled-rule.ts';
import { arm } from './deadlines.ts';
import {
  ACTIVE,
  type AlarmRecord,
  addRecord,
  isActive,
  type Lane,
  QUIET,
  recordOf,
  settleRecord,
} from './lane-state.ts';
import { reasonOf } from './reasons.ts';

/** Evaluates those rules on a row; `isPoint` when a point calls for it, which counts as a sample. */
export function evaluateRules(
  lane: Lane,
  row: number,
  call: { readonly rules: Int32Array | readonly number[]; readonly nowMs: number; readonly isPoint: boolean },
): void {
  const { nowMs, isPoint } = call;
  lane.counts.evaluations += call.rules.length;
  for (const rule of call.rules) evaluateRule(lane, rule, { row, nowMs, isPoint });
}

/** Evaluates one rule, and takes the step that its verdict asks for. */
export function evaluateRule(
  lane: Lane,
  rule: number,
  call: { readonly row: number; readonly nowMs: number; readonly isPoint: boolean },
): void {
  const { row, nowMs, isPoint } = call;
  const mark = lane.marks[row * lane.raises.length + rule];
  const condition = mark === ACTIVE ? lane.holds[rule] : lane.raises[rule];
  if (condition === undefined) return;
  const verdict = condition(lane.view, row, nowMs);
  if (mark === QUIET && verdict !== TRUE) return;
  if (verdict === UNKNOWN) lane.counts.unknown++;
  step(lane, recordOf(lane, row, rule) ?? blankRecord(row, rule), { verdict, nowMs, isPoint });
}

interface Verdict {
  readonly verdict: number;
  readonly nowMs: number;
  readonly isPoint: boolean;
}

function blankRecord(row: number, rule: number): AlarmRecord {
  return {
    row,
    rule,
    phase: 'normal',
    raisedAtMs: Number.NEGATIVE_INFINITY,
    isTiming: false,
    sinceMs: Number.NaN,
    heldMs: 0,
    samples: 0,
    dueMs: Number.POSITIVE_INFINITY,
  };
}

/** The state machine of a rule on a row: which verdict begins, stops or ends a delay. */
function step(lane: Lane, record: AlarmRecord, { verdict, nowMs, isPoint }: Verdict): void {
  const one = lane.compiled[record.rule];
  if (one === undefined) return;
  if (lane.marks[record.row * lane.compiled.length + record.rule] === QUIET) addRecord(lane, record);
  if (verdict === UNKNOWN) {
    pauseTimer(record, nowMs);
    return;
  }
  const isWanted = verdict === (isActive(record) ? FALSE : TRUE);
  if (!isWanted) {
    stopTimer(record);
    settleRecord(lane, record);
    return;
  }
  if (!record.isTiming) {
    record.isTiming = true;
    record.heldMs = 0;
    record.samples = 0;
    record.sinceMs = nowMs;
  } else if (Number.isNaN(record.sinceMs)) {
    record.sinceMs = nowMs;
  }
  if (isPoint) record.samples++;
  if (isReached(record, one, nowMs)) {
    if (isActive(record)) endCondition(lane, record, nowMs);
    else raise(lane, record, nowMs);
  } else {
    schedule(lane, record, nowMs);
  }
}

function delayMs(record: AlarmRecord, { rule }: CompiledRule): number {
  return isActive(record) ? rule.offDelayMs : rule.onDelayMs;
}

function isReached(record: AlarmRecord, one: CompiledRule, nowMs: number): boolean {
  if (!isActive(record) && record.samples < (one.rule.minSamples ?? 0)) return false;
  return record.heldMs + nowMs - record.sinceMs >= delayMs(record, one);
}

function stopTimer(record: AlarmRecord): void {
  record.isTiming = false;
  record.sinceMs = Number.NaN;
  record.heldMs = 0;
  record.samples = 0;
  record.dueMs = Number.POSITIVE_INFINITY;
}

/** Lets a running delay stand still from `atMs` on; the next certain evaluation lets it go on. */
export function pauseTimer(record: AlarmRecord, atMs: number): void {
  if (Number.isNaN(record.sinceMs)) return;
  record.heldMs += Math.max(0, atMs - record.sinceMs);
  record.sinceMs = Number.NaN;
  record.dueMs = Number.POSITIVE_INFINITY;
}

/** Next instant at which the rule must be looked at: the delay's end, or a value it reads getting too old. */
export function schedule(lane: Lane, record: AlarmRecord, nowMs: number): void {
  const one = lane.compiled[record.rule];
  if (one === undefined || Number.isNaN(record.sinceMs)) return;
  const hasSamples = isActive(record) || record.samples >= (one.rule.minSamples ?? 0);
  let dueMs = hasSamples ? record.sinceMs + delayMs(record, one) - record.heldMs : Number.POSITIVE_INFINITY;
  for (let i = 0; i < one.metrics.length; i++) {
    const takenAtMs = lane.rows.cells[record.row * CELLS_PER_ROW + 2 * (one.metrics[i] ?? 0) + 1] ?? 0;
    const staleAtMs = takenAtMs + (one.maxAgesMs[i] ?? 0) + 1;
    if (staleAtMs > nowMs && staleAtMs < dueMs) dueMs = staleAtMs;
  }
  record.dueMs = dueMs;
  if (one.readsOnline || lane.rows.online[record.row] !== FALSE) arm(lane, record.row, dueMs);
}

function raise(lane: Lane, record: AlarmRecord, nowMs: number): void {
  const one = lane.compiled[record.rule];
  if (one === undefined) return;
  const heldMs = record.heldMs + nowMs - record.sinceMs;
  if (record.phase === 'returned') emit(lane, record, { to: 'normal', nowMs, reason: reasonOf('recurred') });
  const reason = reasonToRaise(lane, record, { nowMs, heldMs });
  record.raisedAtMs = nowMs > record.raisedAtMs ? nowMs : record.raisedAtMs + 1;
  record.phase = 'unacknowledged';
  stopTimer(record);
  settleRecord(lane, record);
  lane.counts.raised++;
  lane.counts.active++;
  emit(lane, record, { to: 'unacknowledged', nowMs, reason });
  lane.open.set(alarmKey(lane, record), record);
}

function endCondition(lane: Lane, record: AlarmRecord, nowMs: number): void {
  const one = lane.compiled[record.rule];
  const code = one?.faultCodes[0];
  const reason =
    one !== undefined && code !== undefined && one.metrics.length === 0
      ? reasonOf('fault_cleared', { code })
      : reasonOf('condition_gone', { forMs: record.heldMs + nowMs - record.sinceMs });
  lane.counts.active--;
  const to = record.phase === 'acknowledged' ? 'normal' : 'returned';
  emit(lane, record, { to, nowMs, reason });
  if (to === 'normal') lane.open.delete(alarmKey(lane, record));
  record.phase = to;
  stopTimer(record);
  settleRecord(lane, record);
}

/** A person has seen the alarm: an active one is acknowledged, a returned one ends. */
export function acknowledge(lane: Lane, record: AlarmRecord, atMs: number): boolean {
  if (record.phase !== 'unacknowledged' && record.phase !== 'returned') return false;
  const to = record.phase === 'returned' ? 'normal' : 'acknowledged';
  emit(lane, record, { to, nowMs: atMs, reason: reasonOf('acknowledged') });
  if (to === 'normal') lane.open.delete(alarmKey(lane, record));
  record.phase = to;
  settleRecord(lane, record);
  return true;
}

/** Ends an alarm whose rule no longer watches the row. */
export function abandon(lane: Lane, record: AlarmRecord): void {
  if (isActive(record)) lane.counts.active--;
  if (record.phase !== 'normal') {
    const nowMs = Math.max(lane.rows.clockMs[record.row] ?? 0, record.raisedAtMs);
    emit(lane, record, { to: 'normal', nowMs, reason: reasonOf('rule_replaced') });
    lane.open.delete(alarmKey(lane, record));
  }
  record.phase = 'normal';
  stopTimer(record);
  settleRecord(lane, record);
}

export function alarmKey(lane: Lane, record: AlarmRecord): string {
  const id = lane.compiled[record.rule]?.rule.id ?? '';
  return `${id}|${lane.rows.refs[record.row]?.id ?? ''}|${lane.rows.components[record.row] ?? ''}`;
}

function reasonToRaise(
  lane: Lane,
  record: AlarmRecord,
  { nowMs, heldMs }: { readonly nowMs: number; readonly heldMs: number },
): Reason {
  const one = lane.compiled[record.rule];
  const { row } = record;
  const code = one?.faultCodes.find((each) => lane.view.hasFault(row, each));
  if (code !== undefined) return reasonOf('fault_raised', { code, forMs: heldMs });
  if (one?.readsOnline === true && lane.rows.online[row] === FALSE) {
    return reasonOf('offline', { forMs: heldMs });
  }
  const metrics = one === undefined ? [] : METRICS[one.rule.appliesTo.kind];
  const missed = one?.absences.find(
    ({ metric, forMs }) => lane.view.missedSince(row, metric) + forMs <= nowMs,
  );
  if (missed !== undefined) {
    const metric = metrics[missed.metric]?.name ?? '';
    return reasonOf('absent', { metric, forMs: nowMs - lane.view.missedSince(row, missed.metric) });
  }
  const values: Record<string, number> = {};
  one?.metrics.forEach((slot, i) => {
    const at = row * CELLS_PER_ROW + 2 * slot;
    const name = metrics[slot]?.name;
    const isFresh = nowMs - (lane.rows.cells[at + 1] ?? 0) <= (one.maxAgesMs[i] ?? 0);
    if (name !== undefined && isFresh) values[name] = lane.rows.cells[at] ?? 0;
  });
  return reasonOf('condition_held', { forMs: heldMs, ...values });
}

function emit(
  lane: Lane,
  record: AlarmRecord,
  change: { readonly to: AlarmState; readonly nowMs: number; readonly reason: Reason },
): void {
  const one = lane.compiled[record.rule];
  const device = lane.rows.refs[record.row];
  if (one === undefined || device === undefined) return;
  const { rule, faultCodes } = one;
  const key = alarmKey(lane, record);
  const transition: AlarmTransition = {
    key,
    occurrence: `${key}|${record.raisedAtMs}`,
    ruleId: rule.id,
    ruleVersion: rule.version,
    deviceId: device.id,
    unitId: device.unitId,
    component: lane.rows.components[record.row] ?? '',
    to: change.to,
    severity: rule.severity,
    faultFamily: rule.faultFamily,
    faultCode: faultCodes.find((code) => lane.view.hasFault(record.row, code)) ?? faultCodes[0] ?? null,
    title: rule.title,
    action: rule.action,
    atMs: change.nowMs,
    raisedAtMs: record.raisedAtMs,
    reason: change.reason,
  };
  lane.out.push(transition);
}
