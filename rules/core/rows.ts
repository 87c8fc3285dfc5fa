import type { DeviceRef } from '#contracts/point-batch.ts';
import { CELLS_PER_ROW, UNKNOWN } from './compiled-rule.ts';

/** What is known of each row, a component of a device, as columns that grow together. */
export interface Rows {
  count: number;
  cells: Float64Array;
  online: Int8Array;
  /** Newest event time of a point, -Infinity before the first. */
  newestMs: Float64Array;
  /** Event time up to which the row has been decided. */
  clockMs: Float64Array;
  onlineSinceMs: Float64Array;
  seenSinceMs: Float64Array;
  /** Smallest lag (received - observed) of the running and of the last ten minutes, and when the former began. */
  lagMs: Float64Array;
  lastLagMs: Float64Array;
  lagFromMs: Float64Array;
  /** Event time of the next deadline, and the tick time its wake-up is queued for. */
  dueMs: Float64Array;
  wakeMs: Float64Array;
  readonly refs: DeviceRef[];
  readonly components: string[];
  /** Active fault codes, shared with the fault book. */
  readonly faults: ReadonlyMap<string, number>[];
  /** Row of a device as a whole by device index, -1 when it has none yet. */
  rootOf: Int32Array;
  /** Rows of the device's other parts, by the row of the whole. */
  readonly parts: (Map<string, number> | undefined)[];
  readonly byId: Map<string, number>;
}

const FIRST_CAPACITY = 64;
export const LAG_SPAN_MS = 600_000;

export function createRows(): Rows {
  const never = () => new Float64Array(FIRST_CAPACITY).fill(Number.NEGATIVE_INFINITY);
  const forever = () => new Float64Array(FIRST_CAPACITY).fill(Number.POSITIVE_INFINITY);
  return {
    count: 0,
    cells: new Float64Array(FIRST_CAPACITY * CELLS_PER_ROW).fill(Number.NEGATIVE_INFINITY),
    online: new Int8Array(FIRST_CAPACITY).fill(UNKNOWN),
    newestMs: never(),
    clockMs: never(),
    onlineSinceMs: never(),
    seenSinceMs: never(),
    lagMs: forever(),
    lastLagMs: forever(),
    lagFromMs: never(),
    dueMs: forever(),
    wakeMs: forever(),
    refs: [],
    components: [],
    faults: [],
    rootOf: new Int32Array(FIRST_CAPACITY).fill(-1),
    parts: [],
    byId: new Map(),
  };
}

/** The row of a device's component, -1 when it has none or belongs to an older record of the device. */
export function findRow(rows: Rows, device: DeviceRef, component: string): number {
  const root = rows.rootOf[device.index] ?? -1;
  if (root < 0 || rows.refs[root] !== device) return -1;
  return component === '' ? root : (rows.parts[root]?.get(component) ?? -1);
}

/** Adds a row; a device's first is the one of the whole, component "". */
export function addRow(
  rows: Rows,
  { device, component }: { readonly device: DeviceRef; readonly component: string },
  faults: ReadonlyMap<string, number>,
): number {
  const row = rows.count++;
  if (row >= rows.dueMs.length) grow(rows);
  rows.refs.push(device);
  rows.components.push(component);
  rows.faults.push(faults);
  rows.parts.push(undefined);
  if (component === '') {
    rows.byId.set(device.id, row);
    bindIndex(rows, device.index, row);
    return row;
  }
  const root = rows.byId.get(device.id) ?? row;
  const parts = rows.parts[root] ?? new Map<string, number>();
  parts.set(component, row);
  rows.parts[root] = parts;
  rows.online[row] = rows.online[root] ?? UNKNOWN;
  rows.onlineSinceMs[row] = rows.onlineSinceMs[root] ?? Number.NEGATIVE_INFINITY;
  return row;
}

/** Tells that the device with that index is the one of `row`. */
export function bindIndex(rows: Rows, index: number, row: number): void {
  if (index >= rows.rootOf.length) {
    const larger = new Int32Array(2 * (index + 1)).fill(-1);
    larger.set(rows.rootOf);
    rows.rootOf = larger;
  }
  rows.rootOf[index] = row;
}

/** The row of the whole and of all parts of its device. */
export function rowsOfDevice(rows: Rows, root: number): number[] {
  return [root, ...(rows.parts[root]?.values() ?? [])];
}

/** How far the device's event clock is behind ours: its smallest lag of late, at most ten minutes. */
export function skewMs(rows: Rows, row: number): number {
  const least = Math.min(
    rows.lagMs[row] ?? Number.POSITIVE_INFINITY,
    rows.lastLagMs[row] ?? Number.POSITIVE_INFINITY,
  );
  return least === Number.POSITIVE_INFINITY ? 0 : Math.max(0, Math.min(least, LAG_SPAN_MS));
}

/** Columns of numbers, by name, as snapshots keep them. `dueMs` and `wakeMs` are worked out anew. */
export const ROW_COLUMNS = [
  'newestMs',
  'clockMs',
  'onlineSinceMs',
  'seenSinceMs',
  'lagMs',
  'lastLagMs',
  'lagFromMs',
] as const;

const FILLS = { lagMs: Number.POSITIVE_INFINITY, lastLagMs: Number.POSITIVE_INFINITY } as const;

function grow(rows: Rows): void {
  const capacity = 2 * rows.dueMs.length;
  const larger = (old: Float64Array, size: number, fill: number): Float64Array => {
    const made = new Float64Array(size).fill(fill);
    made.set(old);
    return made;
  };
  rows.cells = larger(rows.cells, capacity * CELLS_PER_ROW, Number.NEGATIVE_INFINITY);
  const online = new Int8Array(capacity).fill(UNKNOWN);
  online.set(rows.online);
  rows.online = online;
  for (const name of ROW_COLUMNS) {
    const fill = name in FILLS ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
    rows[name] = larger(rows[name], capacity, fill);
  }
  rows.dueMs = larger(rows.dueMs, capacity, Number.POSITIVE_INFINITY);
  rows.wakeMs = larger(rows.wakeMs, capacity, Number.POSITIVE_INFINITY);
}
