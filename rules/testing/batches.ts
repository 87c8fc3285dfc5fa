import { METRICS, metricIndex } from '#contracts/metrics.ts';
import type { DeviceRef, InputBatch, Signal } from '#contracts/point-batch.ts';
import type { AlarmRule } from '#contracts/rules.ts';

/** A point as tests write it: enums by name, booleans as such. */
export interface PointStep {
  readonly device: DeviceRef;
  readonly component?: string;
  readonly atMs: number;
  readonly receivedAtMs?: number;
  readonly values: Readonly<Record<string, number | string | boolean>>;
}

type WithoutPlace<T> = T extends unknown ? Omit<T, 'afterPoint'> : never;
export type Step = PointStep | WithoutPlace<Signal>;

let nextIndex = 0;

export function testDevice(id: string, changes: Partial<DeviceRef> = {}): DeviceRef {
  return {
    id,
    index: nextIndex++,
    kind: 'ac_unit',
    model: 'split-generic',
    unitId: `unit-of-${id}`,
    siteId: null,
    labels: {},
    ...changes,
  };
}

export function testRule(changes: Partial<AlarmRule> & Pick<AlarmRule, 'condition'>): AlarmRule {
  return {
    id: 'test-rule',
    version: 1,
    status: 'active',
    title: { 'zh-CN': '测试', en: 'Test' },
    description: { 'zh-CN': '测试', en: 'Test' },
    appliesTo: { kind: 'ac_unit' },
    onDelayMs: 0,
    offDelayMs: 0,
    severity: 'minor',
    faultFamily: 'drain',
    action: 'ticket',
    ...changes,
  };
}

function encode(step: PointStep, name: string): number {
  const value = step.values[name];
  if (typeof value === 'string') {
    const metric = METRICS[step.device.kind][metricIndex(step.device.kind, name) ?? 0];
    return metric?.values?.indexOf(value) ?? Number.NaN;
  }
  return Number(value);
}

/** Points and signals in that order as one batch of the log. */
export function batchOf(steps: readonly Step[]): InputBatch {
  const points = steps.filter((step): step is PointStep => 'values' in step);
  const names = points.map((step) =>
    Object.keys(step.values).filter((name) => metricIndex(step.device.kind, name) !== undefined),
  );
  const valueStart = Int32Array.from([0, ...names.map((each) => each.length)]);
  for (let p = 1; p < valueStart.length; p++) valueStart[p] = (valueStart[p] ?? 0) + (valueStart[p - 1] ?? 0);
  const signals: Signal[] = [];
  let afterPoint = 0;
  for (const step of steps) {
    if ('values' in step) afterPoint++;
    else signals.push({ ...step, afterPoint } as Signal);
  }
  return {
    sequence: 1,
    points: {
      count: points.length,
      device: points.map(({ device }) => device),
      component: points.map(({ component }) => component ?? ''),
      observedAtMs: Float64Array.from(points, ({ atMs }) => atMs),
      receivedAtMs: Float64Array.from(points, ({ atMs, receivedAtMs }) => receivedAtMs ?? atMs),
      valueStart,
      metric: Uint16Array.from(
        points.flatMap((step, p) => (names[p] ?? []).map((name) => metricIndex(step.device.kind, name) ?? 0)),
      ),
      value: Float64Array.from(
        points.flatMap((step, p) => (names[p] ?? []).map((name) => encode(step, name))),
      ),
    },
    signals,
  };
}
