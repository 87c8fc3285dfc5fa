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

  function noteLate({ batch, point }: Place, late: Map<string, LateHour>): void {
    const device = batch.device[point];
    if (device === undefined) return;
    const ms = batch.observedAtMs[point] ?? 0;
    memories.get(device.kind)?.addLate(device, batch.component[point] ?? '', ms);
    const hourMs = Math.floor(ms / HOUR_MS) * HOUR_MS;
    late.set(`${device.kind} ${device.id} ${hourMs}`, { kind: device.kind, deviceId: device.id, hourMs });
  }

  function noteBatch(
    batch: PointBatch,
    refused: ReadonlySet<number> | undefined,
    late: Map<string, LateHour>,
  ): void {
    const isCounted = counted.has(batch);
    counted.add(batch);
    for (let point = 0; point < batch.count; point++) {
      const memory = memories.get(batch.device[point]?.kind ?? 'ac_unit');
      if (memory === undefined || refused?.has(point) === true) continue;
      if ((batch.observedAtMs[point] ?? 0) < memory.closedUntilMs) noteLate({ batch, point }, late);
      else if (!isCounted) memory.add(batch, point);
    }
  }

  return {
    note(batches, refused) {
      const late = new Map<string, LateHour>();
      const refusedOf = refusedByBatch(refused);
      for (const batch of batches) noteBatch(batch, refusedOf.get(batch), late);
      return [...late.values()];
    },
  };
}
