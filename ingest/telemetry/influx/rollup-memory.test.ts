import { expect, test } from 'vitest';
import { batchOf, deviceOf, type WrittenPoint } from '#test/support/telemetry-points.ts';
import { createRollupMemory } from './rollup-memory.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const START = Date.UTC(2026, 10, 21, 10);

function openMemory() {
  const memory = createRollupMemory('ac_unit', START - 2 * MINUTE);
  return {
    memory,
    add(points: readonly WrittenPoint[]) {
      const batch = batchOf(points);
      for (let point = 0; point < batch.count; point++) memory.add(batch, point);
    },
  };
}

test('a minute is known from the first that no earlier process can have written to', () => {
  const { memory, add } = openMemory();
  expect(memory.knownFromMs).toBe(START);
  add([
    { at: START - 1, values: { power: 1 } },
    { at: START, values: { power: 2 } },
  ]);
  expect(memory.minutes(0, START + HOUR).map(({ startMs }) => startMs)).toEqual([START]);
});

test('a series is unsure once a value of a metric is not newer than the one before', () => {
  const { memory, add } = openMemory();
  add([
    { at: START, values: { power: 1, mode: 1 } },
    { device: 'unit-2', at: START, values: { power: 1 } },
    { device: 'unit-2', at: START, values: { mode: 1 } },
    { device: 'unit-2', component: 'idu-1', at: START, values: { mode: 1 } },
    { at: START, values: { mode: 1 } },
  ]);
  const [minute] = memory.minutes(START, START + MINUTE);
  expect([...(minute?.unsure ?? [])].map(({ deviceId }) => deviceId)).toEqual(['unit-1']);
});

test('an hour is known where all of its minutes were kept, and unsure of what was late in it', () => {
  const { memory, add } = openMemory();
  add([{ at: START, values: { power: 1 } }]);
  memory.keep(memory.minutes(START, START + 59 * MINUTE), START, START + 59 * MINUTE);
  expect(memory.hour(START)).toBeNull();
  memory.keep([], START + 59 * MINUTE, START + HOUR);
  memory.addLate(deviceOf('unit-2'), '', START + 5);
  const hour = memory.hour(START);
  expect([...(hour?.unsure ?? [])].map(({ deviceId }) => deviceId)).toEqual(['unit-2']);
  memory.forgetHours(START + HOUR);
  memory.addLate(deviceOf('unit-2'), '', START + 5);
  expect(memory.hour(START)).toBeNull();
  memory.forgetMinutes(START + HOUR);
  expect(memory.heldBytes).toBe(0);
});

test('past its bound it forgets the oldest minutes, and knows from behind them on', () => {
  const { memory, add } = openMemory();
  for (let n = 0; n < 2_000; n++) add([{ at: START + n * MINUTE, values: { power: 1 } }]);
  const minutes = memory.minutes(0, Number.POSITIVE_INFINITY);
  expect(memory.heldBytes).toBeLessThanOrEqual(64 * 1024 * 1024);
  expect(minutes.length).toBeGreaterThan(1_000);
  expect(Math.min(...minutes.map(({ startMs }) => startMs))).toBe(memory.knownFromMs);
  expect(memory.knownFromMs).toBe(START + (2_000 - minutes.length) * MINUTE);
});
