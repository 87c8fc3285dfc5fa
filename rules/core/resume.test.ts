import { expect, test } from 'vitest';
import { compileRule } from '../compile/compile-rule.ts';
import { batchOf, type Step, testDevice, testRule } from '../testing/batches.ts';
import { createEngine } from './engine.ts';

const T0 = 1_790_000_000_000;
const HOUR_MS = 3_600_000;
const UNIT = testDevice('unit');
const GONE = { id: 'gone', condition: '!online', onDelayMs: 60_000 };
const SILENT = { id: 'silent', condition: 'absent("compressor_hz", 600)' };
const HOT = { id: 'hot', condition: 'discharge_temp > 100.0', onDelayMs: 120_000, maxAgeMs: 86_400_000 };

const presence = (isOnline: boolean, atMs: number): Step => ({
  type: 'presence',
  device: UNIT,
  isOnline,
  atMs,
});
const point = (atMs: number, values: Record<string, number>): Step => ({ device: UNIT, atMs, values });
const tick = (atMs: number): Step => ({ type: 'tick', atMs });
const resumed = (atMs: number): Step => ({ type: 'resume', atMs });

/** What the rule decided, as `state@seconds after T0`. */
function decided(rule: object & { condition: string }, steps: readonly Step[]): string[] {
  const engine = createEngine([compileRule(testRule(rule))], { maxHeldPerRow: 512 });
  return engine.process(batchOf(steps)).map(({ to, atMs }) => `${to}@${(atMs - T0) / 1_000}`);
}

test('devices that our stop cut off have their delay from our start, and raise nothing when they are back', () => {
  const stop = [
    presence(true, T0),
    presence(false, T0 + 5_000),
    resumed(T0 + HOUR_MS),
    tick(T0 + HOUR_MS + 1_000),
  ];
  expect(decided(GONE, [...stop, presence(true, T0 + HOUR_MS + 9_000), tick(T0 + 2 * HOUR_MS)])).toEqual([]);
  expect(decided(GONE, [...stop, tick(T0 + HOUR_MS + 59_000)])).toEqual([]);
  expect(decided(GONE, [...stop, tick(T0 + HOUR_MS + 61_000)])).toEqual(['unacknowledged@3660']);
});

test('values that nobody could receive are missed from our start only', () => {
  const before = [presence(true, T0), point(T0 + 1_000, { compressor_hz: 40 }), resumed(T0 + HOUR_MS)];
  expect(decided(SILENT, [...before, tick(T0 + HOUR_MS + 599_000)])).toEqual([]);
  expect(decided(SILENT, [...before, tick(T0 + HOUR_MS + 601_000)])).toEqual(['unacknowledged@4200']);
});

test('a delay that ran goes on where it stood when the row was last decided', () => {
  const hot = [point(T0, { discharge_temp: 110 }), point(T0 + 100_000, { discharge_temp: 110 })];
  expect(decided(HOT, [...hot, resumed(T0 + HOUR_MS), tick(T0 + HOUR_MS + 19_000)])).toEqual([]);
  expect(decided(HOT, [...hot, resumed(T0 + HOUR_MS), tick(T0 + HOUR_MS + 21_000)])).toEqual([
    'unacknowledged@3620',
  ]);
});

test('a resume that is older than what was decided changes nothing', () => {
  const hot = [point(T0, { discharge_temp: 110 }), point(T0 + 100_000, { discharge_temp: 110 })];
  expect(decided(HOT, [...hot, resumed(T0 + 50_000), tick(T0 + 121_000)])).toEqual(['unacknowledged@120']);
});
