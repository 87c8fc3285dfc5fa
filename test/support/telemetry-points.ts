import { type DeviceKind, metricIndex } from '#contracts/metrics.ts';
import type { DeviceRef, PointBatch } from '#contracts/point-batch.ts';
import { createPointBuilder } from '#ingest/core/point-builder.ts';

export interface WrittenPoint {
  readonly device?: string;
  readonly component?: string;
  readonly at: number;
  readonly values: Readonly<Record<string, number>>;
}

const devices = new Map<string, DeviceRef>();

/** The device of that id, `unit-1` unless told; the same each time. */
export function deviceOf(id = 'unit-1', kind: DeviceKind = 'ac_unit'): DeviceRef {
  const known = devices.get(`${kind} ${id}`);
  if (known !== undefined) return known;
  const device: DeviceRef = {
    id,
    index: devices.size,
    kind,
    model: 'split-generic',
    unitId: 'u',
    siteId: null,
    labels: {},
  };
  devices.set(`${kind} ${id}`, device);
  return device;
}

/** Points as ingest hands them to the store. */
export function batchOf(points: readonly WrittenPoint[], kind: DeviceKind = 'ac_unit'): PointBatch {
  const builder = createPointBuilder();
  for (const { device, component = '', at, values } of points) {
    builder.begin(deviceOf(device, kind), component, { observedAtMs: at, receivedAtMs: at });
    for (const [name, value] of Object.entries(values)) builder.add(metricIndex(kind, name) ?? 0, value);
    builder.end();
  }
  return builder.finish();
}
