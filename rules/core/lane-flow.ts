import { evaluateRules, pauseTimer } from './alarm-steps.ts';
import { CELLS_PER_ROW, FALSE, SLOTS_PER_ROW, TRUE } from './compiled-rule.ts';
import { arm, armAbsences, queueWake } from './deadlines.ts';
import { evaluatePoint } from './evaluate-point.ts';
import { nextDeadline, noteSeen } from './lane.ts';
import type { HeldEntry, Lane } from './lane-state.ts';
import { LAG_SPAN_MS, type Rows, rowsOfDevice, skewMs } from './rows.ts';
import { addShape, findTouched, type RuleGroup } from './rule-group.ts';
import { addSample } from './windows.ts';

/** A point's values as they stand in a batch, or held ones. */
export interface PointValues {
  atMs: number;
  receivedAtMs: number;
  metric: Uint16Array;
  value: Float64Array;
  start: number;
  end: number;
}

interface Presence {
  readonly isOnline: boolean;
  readonly atMs: number;
}

/** Takes a point that arrived: evaluates it now, or holds it back for `reorderMs`. */
export function offerPoint(lane: Lane, row: number, point: PointValues): void {
  const { atMs } = point;
  if (lane.reorderMs === 0) {
    if (atMs < (lane.rows.newestMs[row] ?? 0)) lane.counts.late++;
    else applyPoint(lane, row, point);
    return;
  }
  const arrivedMs = lane.arrivedMs[row] ?? Number.NEGATIVE_INFINITY;
  if (atMs < arrivedMs - lane.reorderMs || atMs < (lane.rows.newestMs[row] ?? 0)) {
    lane.counts.late++;
    return;
  }
  hold(lane, row, {
    atMs,
    metric: point.metric.slice(point.start, point.end),
    value: point.value.slice(point.start, point.end),
    isOnline: null,
  });
  if (atMs > arrivedMs) lane.arrivedMs[row] = atMs;
  release(lane, row, (lane.arrivedMs[row] ?? atMs) - lane.reorderMs);
}

/** Learns how far behind our clock the device's points are. */
export function noteLag(lane: Lane, row: number, at: PointValues): void {
  const { rows } = lane;
  const lagMs = at.receivedAtMs - at.atMs;
  if (at.receivedAtMs - (rows.lagFromMs[row] ?? 0) > LAG_SPAN_MS) {
    rows.lastLagMs[row] = rows.lagMs[row] ?? lagMs;
    rows.lagMs[row] = lagMs;
    rows.lagFromMs[row] = at.receivedAtMs;
  } else if (lagMs < (rows.lagMs[row] ?? 0)) {
    rows.lagMs[row] = lagMs;
  } else {
    return;
  }
  if (rows.dueMs[row] !== Number.POSITIVE_INFINITY) queueWake(lane, row);
}

function hold(lane: Lane, row: number, entry: HeldEntry): void {
  const held = lane.held[row] ?? [];
  lane.held[row] = held;
  let at = held.length;
  while (at > 0 && (held[at - 1]?.atMs ?? 0) > entry.atMs) at--;
  held.splice(at, 0, entry);
  arm(lane, row, held[0]?.atMs ?? entry.atMs);
  if (held.length > lane.maxHeldPerRow) {
    lane.counts.releasedEarly++;
    release(lane, row, held[0]?.atMs ?? entry.atMs);
  }
}

function release(lane: Lane, row: number, toMs: number): void {
  const held = lane.held[row];
  if (held === undefined) return;
  let count = 0;
  for (const entry of held) {
    if (entry.atMs > toMs) break;
    count++;
  }
  for (const entry of held.splice(0, count)) {
    if (entry.isOnline !== null) applyPresence(lane, row, { isOnline: entry.isOnline, atMs: entry.atMs });
    else applyPoint(lane, row, { ...entry, receivedAtMs: entry.atMs, start: 0, end: entry.metric.length });
  }
}

/** Stores the values and evaluates the rules that read one of them. */
function applyPoint(lane: Lane, row: number, point: PointValues): void {
  const { rows } = lane;
  const { atMs, start } = point;
  if ((rows.dueMs[row] ?? 0) <= atMs) runTimers(lane, row, atMs);
  const group = lane.groupOf[row];
  if (group === undefined) return;
  const node = storeValues(rows, row, { group, point });
  let touched = node < 0 ? undefined : group.touched[node];
  if (touched === undefined) {
    touched = findTouched(group, point.metric.subarray(start, point.end), lane);
    if (node >= 0) group.touched[node] = touched;
  }
  rows.newestMs[row] = atMs;
  const clockMs = rows.clockMs[row] ?? atMs;
  const nowMs = atMs > clockMs ? atMs : clockMs;
  rows.clockMs[row] = nowMs;
  for (const { series, position } of touched.samples) {
    addSample(series, row, { atMs, value: point.value[start + position] ?? Number.NaN });
  }
  noteSeen(lane, row, atMs);
  evaluatePoint(lane, row, { touched, nowMs });
  if (touched.absent.length > 0) armAbsences(lane, row, touched.absent);
}

/** Puts the values into their slots and returns the node of the point's list of metrics. */
function storeValues(
  { cells }: Rows,
  row: number,
  { group, point }: { readonly group: RuleGroup; readonly point: PointValues },
): number {
  const { atMs, metric, value, end } = point;
  const first = row * CELLS_PER_ROW;
  let node = 0;
  for (let i = point.start; i < end; i++) {
    const slot = metric[i] ?? 0;
    const at = first + 2 * slot;
    cells[at] = value[i] ?? Number.NaN;
    cells[at + 1] = atMs;
    const child = node < 0 ? 0 : (group.next[node * SLOTS_PER_ROW + slot] ?? 0);
    node = child === 0 ? addShape(group, node, slot) : child;
  }
  return node;
}

/** Lets the row's event clock reach `toMs`: each deadline on the way is decided at its own instant. */
function runTimers(lane: Lane, row: number, toMs: number): void {
  const { rows } = lane;
  for (let dueMs = rows.dueMs[row] ?? 0; dueMs <= toMs; dueMs = rows.dueMs[row] ?? 0) {
    rows.dueMs[row] = Number.POSITIVE_INFINITY;
    const rules = rulesDueAt(lane, row, dueMs);
    if (rules.length > 0) {
      const nowMs = Math.max(dueMs, rows.clockMs[row] ?? 0);
      rows.clockMs[row] = nowMs;
      evaluateRules(lane, row, { rules, nowMs, isPoint: false });
    }
    const nextMs = nextDeadline(lane, row, dueMs);
    if (nextMs < (rows.dueMs[row] ?? 0)) rows.dueMs[row] = nextMs;
  }
  const heldMs = lane.held[row]?.[0]?.atMs ?? Number.POSITIVE_INFINITY;
  arm(lane, row, Math.min(heldMs, rows.dueMs[row] ?? 0));
}

function rulesDueAt(lane: Lane, row: number, dueMs: number): number[] {
  const isConnected = lane.rows.online[row] !== FALSE;
  const due = new Set<number>();
  for (const record of lane.records[row] ?? []) {
    const runs = isConnected || lane.compiled[record.rule]?.readsOnline === true;
    if (runs && record.dueMs <= dueMs) due.add(record.rule);
  }
  for (const { rule, metric, forMs } of isConnected ? (lane.groupOf[row]?.absences ?? []) : []) {
    if (lane.view.missedSince(row, metric) + forMs === dueMs) due.add(rule);
  }
  return [...due].sort((a, b) => a - b);
}

/** Our clock has reached `atMs`: whatever is due on the devices' own clocks happens. */
export function tick(lane: Lane, atMs: number): void {
  const { rows, heap } = lane;
  while (heap.earliestMs() <= atMs) {
    const wakeMs = heap.earliestMs();
    const row = heap.pop();
    if (rows.wakeMs[row] !== wakeMs) continue;
    rows.wakeMs[row] = Number.POSITIVE_INFINITY;
    const toMs = atMs - skewMs(rows, row) - lane.reorderMs;
    release(lane, row, toMs);
    if ((rows.dueMs[row] ?? 0) <= toMs) runTimers(lane, row, toMs);
    else if (rows.dueMs[row] !== Number.POSITIVE_INFINITY) queueWake(lane, row);
  }
}

/** A device has connected or gone; `atMs` is our clock. Each row learns it at its place among the row's points. */
export function offerPresence(lane: Lane, root: number, at: Presence): void {
  const { isOnline } = at;
  const atMs = at.atMs - skewMs(lane.rows, root);
  for (const row of rowsOfDevice(lane.rows, root)) {
    if (lane.reorderMs === 0) applyPresence(lane, row, { isOnline, atMs });
    else hold(lane, row, { atMs, metric: new Uint16Array(0), value: new Float64Array(0), isOnline });
  }
}

function applyPresence(lane: Lane, row: number, at: Presence): void {
  const nowMs = Math.max(at.atMs, lane.rows.clockMs[row] ?? 0);
  if ((lane.rows.dueMs[row] ?? 0) <= nowMs) runTimers(lane, row, nowMs);
  const isOnline = at.isOnline ? TRUE : FALSE;
  if (lane.rows.online[row] !== isOnline) changePresence(lane, row, { ...at, atMs: nowMs });
}

/** Delays stand still while the device is away, but for rules that read `online`. */
function changePresence(lane: Lane, row: number, { isOnline, atMs }: Presence): void {
  const { rows } = lane;
  const wasAway = rows.online[row] === FALSE;
  rows.clockMs[row] = atMs;
  rows.online[row] = isOnline ? TRUE : FALSE;
  if (isOnline) rows.onlineSinceMs[row] = atMs;
  noteSeen(lane, row, atMs);
  const waiting = (lane.records[row] ?? []).filter(({ rule }) => lane.compiled[rule]?.readsOnline !== true);
  const standStillAtMs = wasAway ? Math.min(atMs, rows.newestMs[row] ?? atMs) : atMs;
  for (const record of waiting) pauseTimer(record, standStillAtMs);
  const resumed = isOnline ? waiting.map(({ rule }) => rule) : [];
  const rules = [...(lane.groupOf[row]?.onlineRules ?? []), ...resumed];
  evaluateRules(lane, row, { rules, nowMs: atMs, isPoint: false });
  arm(lane, row, nextDeadline(lane, row, atMs));
}

/** A fault code was raised or cleared on the row: rules that name it decide at once. */
export function offerFault(lane: Lane, row: number, at: { code: string; atMs: number }): void {
  const rules = lane.groupOf[row]?.faultRules.get(at.code);
  const nowMs = Math.max(at.atMs, lane.rows.clockMs[row] ?? 0);
  noteSeen(lane, row, nowMs);
  if (rules !== undefined) evaluateRules(lane, row, { rules, nowMs, isPoint: false });
}
