import { type DeviceKind, METRICS } from '#contracts/metrics.ts';
import type { DeviceRef, PointBatch } from '#contracts/point-batch.ts';
import { MAX_AHEAD_MS } from '../../core/observed-at.ts';
import { HOUR_MS, MINUTE_MS } from './measurements.ts';
import { createSums, PAGE_BYTES, type Sums } from './sums.ts';

/** One device and component. */
export interface SummedSeries {
  readonly deviceId: string;
  readonly component: string;
  /** The cell of each metric, by its index; -1 where the series never had the metric. */
  readonly cells: Int32Array;
}

/** What was written of one minute or hour. */
export interface Bucket {
  readonly startMs: number;
  readonly sums: Sums;
  /** Series whose sums may count a value twice, or lack one: the server must be asked. */
  readonly unsure: Set<SummedSeries>;
}

/**
 * What this process wrote of one kind, summed up by minute and hour, so that rollups need not ask the server. Bounded:
 * past the bound the oldest minutes are forgotten, and `knownFromMs` moves behind them.
 */
export interface RollupMemory {
  readonly series: readonly SummedSeries[];
  /** Minutes before this are rolled up or about to be: they change no more, and points in them are late. */
  readonly closedUntilMs: number;
  /** Nothing that was written from here on is missing. */
  readonly knownFromMs: number;
  readonly heldBytes: number;
  close(untilMs: number): void;
  /** Counts a stored point that is not late. */
  add(batch: PointBatch, point: number): void;
  /** Notes that a late point was stored. */
  addLate(device: DeviceRef, component: string, ms: number): void;
  minutes(fromMs: number, toMs: number): readonly Bucket[];
  /** These minutes are rolled up, of a span that was known whole: they count in their hours. */
  keep(minutes: readonly Bucket[], fromMs: number, toMs: number): void;
  /** Minutes up to the instant are rolled up. */
  forgetMinutes(untilMs: number): void;
  /** The hour, or null where not all of its minutes were kept. */
  hour(startMs: number): Bucket | null;
  forgetHours(untilMs: number): void;
}

interface Hour extends Bucket {
  keptMinutes: number;
}

interface Known {
  readonly device: DeviceRef;
  readonly whole: SummedSeries;
  readonly ofParts: Map<string, SummedSeries>;
}

const MAX_BYTES = 64 * 1024 * 1024;
/** Series past this many cells are asked of the server. */
const MAX_CELLS = 500_000;
const HOUR_MINUTES = HOUR_MS / MINUTE_MS;

const floorTo = (ms: number, spanMs: number) => Math.floor(ms / spanMs) * spanMs;

/** The series of a kind, each once, however often its device is registered anew. */
function createSeriesTable(kind: DeviceKind) {
  const all: SummedSeries[] = [];
  const byName = new Map<string, SummedSeries>();
  const known: (Known | undefined)[] = [];

  function find(deviceId: string, component: string): SummedSeries {
    const key = `${deviceId} ${component}`;
    const found = byName.get(key);
    if (found !== undefined) return found;
    const made = { deviceId, component, cells: new Int32Array(METRICS[kind].length).fill(-1) };
    all.push(made);
    byName.set(key, made);
    return made;
  }

  return {
    all,
    seriesOf(device: DeviceRef, component: string): SummedSeries {
      let entry = known[device.index];
      if (entry === undefined || entry.device !== device) {
        entry = { device, whole: find(device.id, ''), ofParts: new Map() };
        known[device.index] = entry;
      }
      if (component === '') return entry.whole;
      const part = entry.ofParts.get(component) ?? find(device.id, component);
      entry.ofParts.set(component, part);
      return part;
    },
  };
}

export function createRollupMemory(kind: DeviceKind, nowMs: number): RollupMemory {
  const { all, seriesOf } = createSeriesTable(kind);
  const minutes = new Map<number, Bucket>();
  const hours = new Map<number, Hour>();
  let cells = 0;
  let closedUntilMs = 0;
  let hoursFromMs = 0;
  /** What a process before us wrote may be dated so far ahead. */
  let knownFromMs = floorTo(nowMs + MAX_AHEAD_MS, MINUTE_MS) + MINUTE_MS;
  let current: Bucket | null = null;

  const heldPages = () =>
    [...minutes.values(), ...hours.values()].reduce((sum, bucket) => sum + bucket.sums.pages, 0);

  function onPage(): void {
    if ((heldPages() + 1) * PAGE_BYTES <= MAX_BYTES || minutes.size === 0) return;
    const oldestMs = Math.min(...minutes.keys());
    minutes.delete(oldestMs);
    current = null;
    knownFromMs = oldestMs + MINUTE_MS;
  }

  function newBucket(startMs: number): Bucket {
    return { startMs, sums: createSums(onPage), unsure: new Set() };
  }

  function minuteOf(ms: number): Bucket {
    if (current !== null && ms >= current.startMs && ms < current.startMs + MINUTE_MS) return current;
    const startMs = floorTo(ms, MINUTE_MS);
    const bucket = minutes.get(startMs) ?? newBucket(startMs);
    minutes.set(startMs, bucket);
    current = bucket;
    return bucket;
  }

  function hourOf(ms: number): Hour {
    const startMs = floorTo(ms, HOUR_MS);
    const hour = hours.get(startMs) ?? { ...newBucket(startMs), keptMinutes: 0 };
    hours.set(startMs, hour);
    return hour;
  }

  function ensureCells(cellsOf: Int32Array, { metric, valueStart }: PointBatch, point: number): void {
    const end = valueStart[point + 1] ?? 0;
    for (let at = valueStart[point] ?? 0; at < end; at++) {
      const index = metric[at] ?? 0;
      if ((cellsOf[index] ?? 0) < 0 && cells < MAX_CELLS) cellsOf[index] = cells++;
    }
  }

  return {
    series: all,
    get closedUntilMs() {
      return closedUntilMs;
    },
    get knownFromMs() {
      return knownFromMs;
    },
    get heldBytes() {
      return heldPages() * PAGE_BYTES;
    },
    close(untilMs) {
      closedUntilMs = Math.max(closedUntilMs, untilMs);
    },
    add(batch, point) {
      const device = batch.device[point];
      const ms = batch.observedAtMs[point] ?? 0;
      if (device === undefined || ms < knownFromMs) return;
      const minute = minuteOf(ms);
      const series = seriesOf(device, batch.component[point] ?? '');
      ensureCells(series.cells, batch, point);
      if (!minute.sums.add(series.cells, batch, point)) minute.unsure.add(series);
    },
    addLate(device, component, ms) {
      if (ms >= hoursFromMs) hourOf(ms).unsure.add(seriesOf(device, component));
    },
    minutes: (fromMs, toMs) =>
      [...minutes.values()].filter(({ startMs }) => startMs >= fromMs && startMs < toMs),
    keep(kept, fromMs, toMs) {
      for (let ms = fromMs; ms < toMs; ms += MINUTE_MS) hourOf(ms).keptMinutes += 1;
      for (const { startMs, sums, unsure } of kept) {
        const hour = hourOf(startMs);
        for (let cell = 0; cell < cells; cell++) hour.sums.merge(cell, sums);
        for (const series of unsure) hour.unsure.add(series);
      }
    },
    forgetMinutes(untilMs) {
      for (const startMs of minutes.keys()) if (startMs < untilMs) minutes.delete(startMs);
      current = null;
    },
    hour(startMs) {
      const hour = hours.get(startMs);
      return hour?.keptMinutes === HOUR_MINUTES ? hour : null;
    },
    forgetHours(untilMs) {
      hoursFromMs = Math.max(hoursFromMs, untilMs);
      for (const startMs of hours.keys()) if (startMs < untilMs) hours.delete(startMs);
    },
  };
}
