import { METRICS } from '#contracts/metrics.ts';
import type { DeviceRef } from '#contracts/point-batch.ts';
import { alarmKey } from './alarm-steps.ts';
import { CELLS_PER_ROW, SLOTS_PER_ROW, type WindowSpec, windowKey } from './compiled-rule.ts';
import { armAll, resolveRow } from './lane.ts';
import { type AlarmPhase, type AlarmRecord, addRecord, isActive, type Lane } from './lane-state.ts';
import type { NumberReader, NumberWriter } from './numbers.ts';
import { ROW_COLUMNS } from './rows.ts';
import { RING_LENGTH } from './windows.ts';

/** The part of a lane's snapshot that is text; the numbers follow in the order of these lists. */
export interface LaneHeader {
  readonly reorderMs: number;
  readonly rules: readonly (readonly [id: string, version: number])[];
  readonly rows: readonly (readonly [deviceId: string, component: string])[];
  readonly slots: number;
  readonly records: number;
  readonly held: number;
  readonly windows: readonly {
    readonly slot: number;
    readonly windowMs: number;
    readonly family: WindowSpec['family'];
    readonly rows: number;
  }[];
}

const PHASES: readonly AlarmPhase[] = ['normal', 'unacknowledged', 'acknowledged', 'returned'];

/** Names of the metrics by slot, as they are in this build. */
export function metricNames(): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(METRICS).map(([kind, metrics]) => [kind, metrics.map(({ name }) => name)]),
  );
}

export function writeLane(lane: Lane, to: NumberWriter): LaneHeader {
  const { rows } = lane;
  const records = lane.records.flatMap((ofRow) => ofRow ?? []);
  for (let row = 0; row < rows.count; row++) {
    to.put(rows.online[row] ?? 0);
    to.put(lane.arrivedMs[row] ?? Number.NEGATIVE_INFINITY);
    for (const name of ROW_COLUMNS) to.put(rows[name][row] ?? 0);
    to.putAll(rows.cells.subarray(row * CELLS_PER_ROW, (row + 1) * CELLS_PER_ROW));
  }
  for (const record of records) {
    for (const value of [record.row, record.rule, PHASES.indexOf(record.phase), record.raisedAtMs])
      to.put(value);
    for (const value of [Number(record.isTiming), record.sinceMs, record.heldMs]) to.put(value);
    for (const value of [record.samples, record.dueMs]) to.put(value);
  }
  const held = writeHeld(lane, to);
  return {
    reorderMs: lane.reorderMs,
    rules: lane.compiled.map(({ rule }) => [rule.id, rule.version] as const),
    rows: rows.refs.map((device, row) => [device.id, rows.components[row] ?? ''] as const),
    slots: SLOTS_PER_ROW,
    records: records.length,
    held,
    windows: writeWindows(lane, to),
  };
}

function writeHeld(lane: Lane, to: NumberWriter): number {
  let count = 0;
  lane.held.forEach((entries, row) => {
    for (const { atMs, metric, value, isOnline } of entries ?? []) {
      count++;
      for (const number of [row, atMs, isOnline === null ? -1 : Number(isOnline), metric.length])
        to.put(number);
      to.putAll(Float64Array.from(metric));
      to.putAll(value);
    }
  });
  return count;
}

function writeWindows(lane: Lane, to: NumberWriter): LaneHeader['windows'] {
  return [...lane.windows.series.values()].map(({ spec, rings }) => {
    let count = 0;
    rings.forEach((ring, row) => {
      if (ring === undefined) return;
      count++;
      to.put(row);
      to.putAll(ring);
    });
    return { slot: spec.metric, windowMs: spec.windowMs, family: spec.family, rows: count };
  });
}

/** What restoring needs to find its way from the snapshot's names to today's. */
export interface LaneSource {
  readonly header: LaneHeader;
  readonly names: Readonly<Record<string, readonly string[]>>;
  readonly resolveDevice: (deviceId: string) => DeviceRef | undefined;
  readonly faultsOf: (device: DeviceRef, component: string) => ReadonlyMap<string, number>;
}

export interface LaneTally {
  rows: number;
  alarms: number;
  dropped: number;
  readonly orphaned: string[];
}

/** Reads a lane's numbers; without a lane of that `reorderMs` they are only stepped over. */
export function readLane(lane: Lane | undefined, source: LaneSource, from: NumberReader): LaneTally {
  const tally: LaneTally = { rows: 0, alarms: 0, dropped: 0, orphaned: [] };
  const rows = source.header.rows.map(([deviceId, component]) => {
    const device = lane === undefined ? undefined : source.resolveDevice(deviceId);
    const slots = device === undefined ? [] : slotsToday(source, device.kind);
    const row =
      lane === undefined || device === undefined
        ? -1
        : resolveRow(lane, { device, component }, source.faultsOf);
    readRow({ lane, row, slots, tally }, source, from);
    return row;
  });
  readRecords({ lane, rows, tally }, source, from);
  readHeld({ lane, rows }, source, from);
  readWindows({ lane, rows }, source, from);
  if (lane !== undefined) armAll(lane);
  return tally;
}

/** Today's slot of each slot in the snapshot, -1 for a metric that is no more. */
function slotsToday({ names }: LaneSource, kind: DeviceRef['kind']): number[] {
  const today = new Map(METRICS[kind].map(({ name }, slot) => [name, slot]));
  return (names[kind] ?? []).map((name) => today.get(name) ?? -1);
}

function readRow(
  to: { lane: Lane | undefined; row: number; slots: readonly number[]; tally: LaneTally },
  { header }: LaneSource,
  from: NumberReader,
): void {
  const { lane, row, slots, tally } = to;
  const online = from.take();
  const arrivedMs = from.take();
  const columns = ROW_COLUMNS.map((name) => [name, from.take()] as const);
  const cells = from.takeAll(2 * header.slots);
  if (lane === undefined || row < 0) {
    tally.dropped++;
    return;
  }
  tally.rows++;
  lane.rows.online[row] = online;
  lane.arrivedMs[row] = arrivedMs;
  for (const [name, value] of columns) lane.rows[name][row] = value;
  slots.forEach((slot, old) => {
    const takenAtMs = cells[2 * old + 1] ?? Number.NEGATIVE_INFINITY;
    if (takenAtMs === Number.NEGATIVE_INFINITY) return;
    if (slot < 0) {
      tally.dropped++;
      return;
    }
    lane.rows.cells[row * CELLS_PER_ROW + 2 * slot] = cells[2 * old] ?? Number.NaN;
    lane.rows.cells[row * CELLS_PER_ROW + 2 * slot + 1] = takenAtMs;
  });
}

interface Target {
  readonly lane: Lane | undefined;
  readonly rows: readonly number[];
}

function readRecords(
  { lane, rows, tally }: Target & { readonly tally: LaneTally },
  { header }: LaneSource,
  from: NumberReader,
): void {
  const positions = new Map(lane?.compiled.map(({ rule }, index) => [`${rule.id}|${rule.version}`, index]));
  for (let i = 0; i < header.records; i++) {
    const [oldRow, oldRule] = [from.take(), from.take()];
    const [id, version] = header.rules[oldRule] ?? ['', 0];
    const record = readRecord(from, rows[oldRow] ?? -1, positions.get(`${id}|${version}`) ?? -1);
    if (lane?.groupOf[record.row]?.rules.includes(record.rule) === true) {
      keepRecord(lane, record, tally);
      continue;
    }
    tally.dropped++;
    const [deviceId, component] = header.rows[oldRow] ?? ['', ''];
    const occurrence = `${id}|${deviceId}|${component}|${record.raisedAtMs}`;
    if (record.phase !== 'normal') tally.orphaned.push(occurrence);
  }
}

function readRecord(from: NumberReader, row: number, rule: number): AlarmRecord {
  return {
    row,
    rule,
    phase: PHASES[from.take()] ?? 'normal',
    raisedAtMs: from.take(),
    isTiming: from.take() === 1,
    sinceMs: from.take(),
    heldMs: from.take(),
    samples: from.take(),
    dueMs: from.take(),
  };
}

function keepRecord(lane: Lane, record: AlarmRecord, tally: LaneTally): void {
  addRecord(lane, record);
  if (record.phase === 'normal') return;
  tally.alarms++;
  lane.open.set(alarmKey(lane, record), record);
  if (isActive(record)) lane.counts.active++;
}

function readHeld({ lane, rows }: Target, source: LaneSource, from: NumberReader): void {
  for (let i = 0; i < source.header.held; i++) {
    const [oldRow, atMs, online, count] = [from.take(), from.take(), from.take(), from.take()];
    const metrics = from.takeAll(count);
    const values = from.takeAll(count);
    const row = rows[oldRow] ?? -1;
    const device = lane?.rows.refs[row];
    if (lane === undefined || device === undefined) continue;
    const slots = slotsToday(source, device.kind);
    const kept = [...metrics.keys()].filter((k) => (slots[metrics[k] ?? -1] ?? -1) >= 0);
    const entries = lane.held[row] ?? [];
    entries.push({
      atMs,
      metric: Uint16Array.from(kept, (k) => slots[metrics[k] ?? -1] ?? 0),
      value: Float64Array.from(kept, (k) => values[k] ?? Number.NaN),
      isOnline: online === -1 ? null : online === 1,
    });
    lane.held[row] = entries;
  }
}

function readWindows({ lane, rows }: Target, source: LaneSource, from: NumberReader): void {
  for (const { slot, windowMs, family, rows: count } of source.header.windows) {
    for (let i = 0; i < count; i++) {
      const row = rows[from.take()] ?? -1;
      const ring = from.takeAll(RING_LENGTH);
      const device = lane?.rows.refs[row];
      if (lane === undefined || device === undefined) continue;
      const metric = slotsToday(source, device.kind)[slot] ?? -1;
      const series = lane.windows.series.get(windowKey({ metric, windowMs, family }));
      if (series !== undefined) series.rings[row] = ring;
    }
  }
}
