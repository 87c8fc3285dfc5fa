import type { DeviceRef } from '#contracts/point-batch.ts';
import { abandon } from './alarm-steps.ts';
import { CELLS_PER_ROW, type CompiledRule, FALSE } from './compiled-rule.ts';
import { createDeadlineHeap } from './deadline-heap.ts';
import { arm, armAbsences } from './deadlines.ts';
import { type AlarmRecord, addRecord, type Lane, QUIET } from './lane-state.ts';
import { addRow, bindIndex, createRows, findRow, type Rows, rowsOfDevice } from './rows.ts';
import { createRuleGroup, isApplicable, type RuleGroup } from './rule-group.ts';
import { LARGEST_FUSED } from './scan.ts';
import { createWindowStore, type WindowStore } from './windows.ts';

export interface LaneOptions {
  readonly reorderMs: number;
  readonly maxHeldPerRow: number;
}

/** Rules with one `reorderMs` and no rows yet. */
export function createLane({ reorderMs, maxHeldPerRow }: LaneOptions): Lane {
  const rows = createRows();
  const windows = createWindowStore();
  const view = createView(rows, windows);
  return {
    reorderMs,
    maxHeldPerRow,
    rows,
    windows,
    view,
    site: {
      view,
      marks: new Uint8Array(0),
      first: 0,
      row: 0,
      nowMs: 0,
      found: new Int32Array(LARGEST_FUSED),
    },
    heap: createDeadlineHeap(),
    compiled: [],
    raises: [],
    holds: [],
    marks: new Uint8Array(0),
    records: [],
    groupOf: [],
    groups: new Map(),
    held: [],
    arrivedMs: [],
    open: new Map(),
    counts: { late: 0, evaluations: 0, unknown: 0, raised: 0, releasedEarly: 0, active: 0 },
    out: [],
  };
}

function createView(rows: Rows, windows: WindowStore): Lane['view'] {
  return {
    cells: rows.cells,
    online: rows.online,
    windows,
    model: (row) => rows.refs[row]?.model ?? '',
    attribute: (row, name) => rows.refs[row]?.labels[name],
    hasFault: (row, code) => rows.faults[row]?.has(code) ?? false,
    missedSince(row, metric) {
      const takenAtMs = rows.cells[row * CELLS_PER_ROW + 2 * metric + 1] ?? Number.NEGATIVE_INFINITY;
      if (takenAtMs === Number.NEGATIVE_INFINITY && rows.components[row] !== '') {
        return Number.POSITIVE_INFINITY;
      }
      const sinceMs = Math.max(takenAtMs, rows.onlineSinceMs[row] ?? 0, rows.seenSinceMs[row] ?? 0);
      return sinceMs === Number.NEGATIVE_INFINITY ? Number.NaN : sinceMs;
    },
  };
}

/**
 * The row of a device's component, made when it is new. A device whose record has changed (model, labels) is
 * bound to its rows anew.
 */
export function resolveRow(
  lane: Lane,
  at: { readonly device: DeviceRef; readonly component: string },
  faultsOf: (device: DeviceRef, component: string) => ReadonlyMap<string, number>,
): number {
  const { rows } = lane;
  const { device, component } = at;
  const found = findRow(rows, device, component);
  if (found >= 0) return found;
  const root = rows.byId.get(device.id) ?? makeRow(lane, { device, component: '' }, faultsOf(device, ''));
  if (rows.refs[root] !== device || rows.rootOf[device.index] !== root) rebind(lane, root, device);
  if (component === '') return root;
  return rows.parts[root]?.get(component) ?? makeRow(lane, at, faultsOf(device, component));
}

/** Notes when a row was first heard of, which starts the wait for values that never come. */
export function noteSeen(lane: Lane, row: number, atMs: number): void {
  const { rows } = lane;
  if (rows.seenSinceMs[row] !== Number.NEGATIVE_INFINITY) return;
  rows.seenSinceMs[row] = atMs;
  armAbsences(lane, row, lane.groupOf[row]?.absences ?? []);
}

function makeRow(
  lane: Lane,
  at: { readonly device: DeviceRef; readonly component: string },
  faults: ReadonlyMap<string, number>,
): number {
  const { rows, view } = lane;
  const row = addRow(rows, at, faults);
  view.cells = rows.cells;
  view.online = rows.online;
  const needed = rows.count * lane.compiled.length;
  if (needed > lane.marks.length) {
    const larger = new Uint8Array(2 * needed);
    larger.set(lane.marks);
    lane.marks = larger;
  }
  lane.groupOf[row] = groupFor(lane, row);
  lane.arrivedMs[row] = Number.NEGATIVE_INFINITY;
  shareHeldPresence(lane, row);
  return row;
}

/** A part seen for the first time waits for the same changes of connection as its device. */
function shareHeldPresence(lane: Lane, row: number): void {
  const root = lane.rows.byId.get(lane.rows.refs[row]?.id ?? '') ?? row;
  const waiting = (root === row ? undefined : lane.held[root])?.filter(({ isOnline }) => isOnline !== null);
  if (waiting?.[0] === undefined) return;
  lane.held[row] = waiting;
  arm(lane, row, waiting[0].atMs);
}

function rebind(lane: Lane, root: number, device: DeviceRef): void {
  bindIndex(lane.rows, device.index, root);
  for (const row of rowsOfDevice(lane.rows, root)) {
    lane.rows.refs[row] = device;
    const group = groupFor(lane, row);
    lane.groupOf[row] = group;
    for (const record of lane.records[row]?.slice() ?? []) {
      if (!group.rules.includes(record.rule)) abandon(lane, record);
    }
  }
}

function groupFor(lane: Lane, row: number): RuleGroup {
  const device = lane.rows.refs[row];
  const component = lane.rows.components[row] ?? '';
  const rules: number[] = [];
  lane.compiled.forEach((one, index) => {
    if (device !== undefined && isApplicable(one, device, component)) rules.push(index);
  });
  const name = rules.join(',');
  const known = lane.groups.get(name);
  if (known !== undefined) return known;
  const made = createRuleGroup(lane.compiled, rules);
  lane.groups.set(name, made);
  return made;
}

/** Puts other rules in place of the lane's: same id and version keep their state, alarms of the others end. */
export function setRules(lane: Lane, compiled: readonly CompiledRule[]): void {
  const named = ({ rule }: CompiledRule) => `${rule.id}|${rule.version}`;
  const positions = new Map(compiled.map((one, index) => [named(one), index]));
  const records = lane.records.flatMap((ofRow) => ofRow ?? []);
  const kept: AlarmRecord[] = [];
  for (const record of records) {
    const old = lane.compiled[record.rule];
    const position = old === undefined ? undefined : positions.get(named(old));
    if (position === undefined) {
      abandon(lane, record);
    } else {
      kept.push(record);
      record.rule = position;
    }
  }
  lane.compiled = compiled;
  lane.raises = compiled.map((one) => one.raise);
  lane.holds = compiled.map((one) => one.hold);
  lane.windows.ask(compiled.flatMap((one) => one.windows));
  lane.marks = new Uint8Array(lane.rows.count * compiled.length).fill(QUIET);
  lane.records.length = 0;
  lane.groups.clear();
  for (let row = 0; row < lane.rows.count; row++) lane.groupOf[row] = groupFor(lane, row);
  for (const record of kept) addRecord(lane, record);
  armAll(lane);
}

/** Queues every row's deadlines, after rules or rows were put in place. */
export function armAll(lane: Lane): void {
  for (let row = 0; row < lane.rows.count; row++) {
    lane.rows.dueMs[row] = Number.POSITIVE_INFINITY;
    const dueMs = nextDeadline(lane, row, lane.rows.clockMs[row] ?? Number.NEGATIVE_INFINITY);
    arm(lane, row, Math.min(dueMs, lane.held[row]?.[0]?.atMs ?? dueMs));
  }
}

/** Earliest instant after `afterMs` at which one of the row's rules must be looked at without a point. */
export function nextDeadline(lane: Lane, row: number, afterMs: number): number {
  const isConnected = lane.rows.online[row] !== FALSE;
  let dueMs = Number.POSITIVE_INFINITY;
  for (const record of lane.records[row] ?? []) {
    const runs = isConnected || lane.compiled[record.rule]?.readsOnline === true;
    if (runs && record.dueMs > afterMs && record.dueMs < dueMs) dueMs = record.dueMs;
  }
  if (!isConnected) return dueMs;
  for (const { metric, forMs } of lane.groupOf[row]?.absences ?? []) {
    const missedAtMs = lane.view.missedSince(row, metric) + forMs;
    if (missedAtMs > afterMs && missedAtMs < dueMs) dueMs = missedAtMs;
  }
  return dueMs;
}
