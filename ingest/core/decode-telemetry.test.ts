import fc from 'fast-check';
import { expect, test } from 'vitest';
import { METRICS } from '#contracts/metrics.ts';
import type { DeviceRef } from '#contracts/point-batch.ts';
import { createComponentBook, MAX_COMPONENTS } from './components.ts';
import { createTelemetryDecoder } from './decode-telemetry.ts';
import { createPointBuilder } from './point-builder.ts';
import { compileUnits } from './units.ts';

const NOW = 1_790_000_000_000;
const device: DeviceRef = {
  id: 'ac-1',
  index: 0,
  kind: 'ac_unit',
  model: 'split-generic',
  unitId: 'u',
  siteId: null,
  labels: {},
};
const source = { device, receivedAtMs: NOW, oldestMs: NOW - 30 * 86_400_000 };

function decode(message: unknown, units: Record<string, string> = {}) {
  const table = compileUnits('ac_unit', units);
  if ('problem' in table) throw new Error(table.problem);
  const decoder = createTelemetryDecoder({
    kind: 'ac_unit',
    conversions: table.conversions,
    allowsComponent: createComponentBook().allows,
  });
  const builder = createPointBuilder();
  const outcome = decoder.decode(message, source, builder);
  const batch = builder.finish();
  const values = Array.from({ length: batch.count }, (_, point) =>
    Object.fromEntries(
      [...batch.metric.subarray(batch.valueStart[point], batch.valueStart[point + 1])].map((metric, at) => [
        METRICS.ac_unit[metric]?.name,
        batch.value[(batch.valueStart[point] ?? 0) + at],
      ]),
    ),
  );
  return { outcome, batch, values };
}

test('the three shapes of a message give the same values', () => {
  const values = { supply_temp: 13.2, compressor_hz: 64 };
  const item = { ts: NOW - 5_000, component: '', values };
  expect(decode(values).values).toEqual([values]);
  expect(decode(item).values).toEqual([values]);
  expect(decode([item, { ...item, ts: NOW }]).values).toEqual([values, values]);
  expect([...decode([item, { ...item, ts: NOW }]).batch.observedAtMs]).toEqual([NOW - 5_000, NOW]);
  expect([...decode(values).batch.observedAtMs]).toEqual([NOW]);
});

test('booleans and enums are kept as numbers, and wire units become canonical ones', () => {
  expect(decode({ power_on: true, mode: 'cool' }).values).toEqual([{ power_on: 1, mode: 2 }]);
  expect(decode({ discharge_pressure: 25 }, { discharge_pressure: 'bar' }).values).toEqual([
    { discharge_pressure: 2_500 },
  ]);
  expect(decode({ supply_temp: 59 }, { supply_temp: '[degF]' }).values[0]?.supply_temp).toBeCloseTo(15, 9);
});

test.each([
  ['a string for a number', { supply_temp: '13.2' }, 'INGEST_VALUE_TYPE', 'supply_temp'],
  ['a number for a boolean', { power_on: 1 }, 'INGEST_VALUE_TYPE', 'power_on'],
  ['a number for an enum', { mode: 2 }, 'INGEST_VALUE_TYPE', 'mode'],
  ['an enum value nobody knows', { mode: 'turbo' }, 'INGEST_VALUE_RANGE', 'mode'],
  ['a boolean for a number', { supply_temp: true }, 'INGEST_VALUE_TYPE', 'supply_temp'],
  ['null', { supply_temp: null }, 'INGEST_VALUE_TYPE', 'supply_temp'],
  ['1e999', JSON.parse('{"supply_temp":1e999}'), 'INGEST_VALUE_NOT_FINITE', 'supply_temp'],
  ['a value no sensor can report', { supply_temp: 900 }, 'INGEST_VALUE_RANGE', 'supply_temp'],
  ['a metric nobody knows', { flux_capacitor: 1.21 }, 'INGEST_METRIC_UNKNOWN', 'flux_capacitor'],
  [
    'a time ten years ago',
    { ts: NOW - 10 * 365 * 86_400_000, values: { supply_temp: 1 } },
    'INGEST_CLOCK_BEHIND',
    'ts',
  ],
  [
    'a time in ten years',
    { ts: NOW + 10 * 365 * 86_400_000, values: { supply_temp: 1 } },
    'INGEST_CLOCK_AHEAD',
    'ts',
  ],
  ['a time as text', { ts: '2026-11-21', values: { supply_temp: 1 } }, 'INGEST_VALUE_TYPE', 'ts'],
  [
    'a component with a slash',
    { component: 'a/b', values: { supply_temp: 1 } },
    'INGEST_COMPONENT_INVALID',
    'component',
  ],
  ['a bare number', 42, 'INGEST_SHAPE_INVALID', ''],
  ['an empty object', {}, 'INGEST_SHAPE_INVALID', ''],
  ['an empty list', [], 'INGEST_SHAPE_INVALID', ''],
  [
    'too many points',
    Array.from({ length: 1_001 }, () => ({ supply_temp: 1 })),
    'INGEST_TOO_MANY_POINTS',
    '',
  ],
])('%s keeps nothing and names the field', (_, message, code, field) => {
  const { outcome, batch } = decode(message);
  expect(batch.count).toBe(0);
  expect(outcome.problem).toEqual({ code, field });
});

test('the good values of a message are kept beside its bad ones, which are counted', () => {
  const { outcome, values } = decode({ supply_temp: 13.2, return_temp: '24', humidity: 400, warp: 9 });
  expect(values).toEqual([{ supply_temp: 13.2 }]);
  expect(outcome.badValues).toBe(2);
  expect(outcome.problem).toEqual({ code: 'INGEST_VALUE_TYPE', field: 'return_temp' });
  expect(outcome.unknownMetrics).toEqual(['warp']);
});

test('whatever JSON a device sends, decoding ends, and each point kept is in range and dated within bounds', () => {
  const name = fc.oneof(
    fc.constantFrom('supply_temp', 'mode', 'power_on', 'ts', 'values', '__proto__'),
    fc.string(),
  );
  const value = fc.oneof(fc.double(), fc.jsonValue());
  fc.assert(
    fc.property(
      fc.oneof(fc.jsonValue(), fc.dictionary(name, value), fc.array(fc.dictionary(name, value))),
      (message) => {
        const { batch, outcome } = decode(JSON.parse(JSON.stringify(message) ?? 'null'));
        expect(outcome.points).toBe(batch.count);
        if (batch.count === 0) expect(outcome.problem).not.toBeNull();
        for (let at = 0; at < batch.value.length; at++) {
          const metric = METRICS.ac_unit[batch.metric[at] ?? -1];
          expect(batch.value[at]).toBeGreaterThanOrEqual(metric?.min ?? Number.NaN);
          expect(batch.value[at]).toBeLessThanOrEqual(metric?.max ?? Number.NaN);
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('a device that invents components is stopped at the bound, and the ones it has go on', () => {
  const points = Array.from({ length: MAX_COMPONENTS + 5 }, (_, n) => ({
    component: `idu-${n}`,
    values: { supply_temp: n % 50 },
  }));
  const { outcome, batch } = decode([...points, { component: 'idu-0', values: { supply_temp: 9 } }]);
  expect(batch.count).toBe(MAX_COMPONENTS + 1);
  expect(outcome.badValues).toBe(5);
  expect(outcome.problem).toEqual({ code: 'INGEST_COMPONENT_LIMIT', field: 'component' });
});
