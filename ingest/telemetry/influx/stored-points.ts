import type { DeviceKind } from '#contracts/metrics.ts';
import type { PointBatch } from '#contracts/point-batch.ts';
import type { Place } from './isolate-refused.ts';
import { HOUR_MS } from './measurements.ts';
import type { RollupMemory } from './rollup-memory.ts';
import type { DirtyHour } from './rollup-state.ts';

/** Tells the memory of each kind what was stored. */
export interface StoredPoints {
  /**
   * Counts points, each batch once, but for those that were refused; gives the hours that late ones touched. A batch
   * that is written again, as its records could not be saved, is the same object.
   */
  note(batches: readonly PointBatch[], refused: readonly Place[]): readonly LateHour[];
}

interface LateHour extends Omit<DirtyHour, 'mark'> {
  readonly kind: DeviceKind;
}

function refusedByBatch(refused: readonly Place[]): Map<PointBatch, Set<number>> {
  const points = new Map<PointBatch, Set<number>>();
  for (const { batch, point } of refused) points.set(batch, (points.get(batch) ?? new Set()).add(point));
  return points;
}

export function createStoredPoints(memories: ReadonlyMap<DeviceKind, RollupMemory>): StoredPoints {
  const counted = new WeakSet<PointBatch>();

  /** Counts a point; gives the hour that it touched if it is late. */
  function notePoint({ batch, point }: Place, isCounted: boolean): LateHour | null {
    const device = batch.device[point];
    const memory = device === undefined ? undefined : memories.get(device.kind);
    if (device === undefined || memory === undefined) return null;
    const ms = batch.observedAtMs[point] ?? 0;
    if (ms < memory.closedUntilMs) {
      memory.addLate(device, batch.component[point] ?? '', ms);
      return { kind: device.kind, deviceId: device.id, hourMs: Math.floor(ms / HOUR_MS) * HOUR_MS };
    }
    if (!isCounted) memory.add(batch, point);
    return null;
  }

  return {
    note(batches, refused) {
      const late = new Map<string, LateHour>();
      const refusedOf = refusedByBatch(refused);
      for (const batch of batches) {
        const isCounted = counted.has(batch);
        const points = refusedOf.get(batch);
        counted.add(batch);
        for (let point = 0; point < batch.count; point++) {
          const hour = points?.has(point) ? null : notePoint({ batch, point }, isCounted);
          if (hour !== null) late.set(`${hour.kind} ${hour.deviceId} ${hour.hourMs}`, hour);
        }
      }
      return [...late.values()];
    },
  };
}
