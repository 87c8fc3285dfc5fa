import { expect, test } from 'vitest';
import { windowKey } from './compiled-rule.ts';
import { hoursUntil, robustTrend } from './trend.ts';
import { addSample, createWindowStore } from './windows.ts';

const T0 = 1_790_000_000_000;
const HOUR_MS = 3_600_000;
const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

test('a trend ignores outliers', () => {
  const y = range(30).map((i) => 10 + 2 * i + (i % 7 === 3 ? 100 : 0));
  expect(robustTrend(range(30), y)?.slope).toBeCloseTo(2, 6);
});

test('too few samples, a flat line and noise have no trend', () => {
  expect(robustTrend(range(7), range(7))).toBeUndefined();
  expect(robustTrend(range(30), new Array(30).fill(5))).toBeUndefined();
  expect(
    robustTrend(
      range(30),
      range(30).map((i) => Math.sin(i * 12.9898) * 43),
    ),
  ).toBeUndefined();
});

test('hours to a limit: none when reached, endless when the trend leads away, unknown without one', () => {
  expect(hoursUntil(2, 10)).toBe(5);
  expect(hoursUntil(2, -1)).toBe(0);
  expect(hoursUntil(-2, 10)).toBe(Number.POSITIVE_INFINITY);
  expect(hoursUntil(Number.NaN, 10)).toBeNaN();
});

function fill(windowMs: number, stepMs: number, valueAt: (hour: number) => number) {
  const windows = createWindowStore();
  const spec = { metric: 8, windowMs };
  windows.ask([spec]);
  const series = windows.series.get(windowKey(spec));
  const endMs = T0 + windowMs;
  for (let atMs = T0; series !== undefined && atMs <= endMs; atMs += stepMs) {
    addSample(series, 0, { atMs, value: valueAt((atMs - T0) / HOUR_MS) });
  }
  return { windows, key: windowKey(spec), endMs };
}

test('a window knows average, extremes, change, rate and starts once its samples reach back far enough', () => {
  const { windows, key, endMs } = fill(HOUR_MS, 30_000, (hour) =>
    Math.floor(hour * 10) % 2 === 0 ? 0 : hour * 100,
  );
  expect(windows.avg(key, 0, endMs)).toBeGreaterThan(20);
  expect(windows.min(key, 0, endMs)).toBe(0);
  expect(windows.max(key, 0, endMs)).toBeGreaterThan(95);
  expect(windows.starts(key, 0, endMs)).toBe(5);
  const rising = fill(2 * HOUR_MS, 60_000, (hour) => 10 + 3 * hour);
  expect(rising.windows.rate(rising.key, 0, rising.endMs)).toBeCloseTo(3, 6);
  expect(rising.windows.delta(rising.key, 0, rising.endMs)).toBeCloseTo(6, 0);
});

test('a window with samples of its last half only tells nothing', () => {
  const { windows, key, endMs } = fill(HOUR_MS, 30_000, () => 1);
  windows.series.get(key)?.rings.splice(0);
  for (let atMs = endMs - HOUR_MS / 2; atMs <= endMs; atMs += 30_000) {
    const series = windows.series.get(key);
    if (series !== undefined) addSample(series, 0, { atMs, value: 1 });
  }
  for (const statistic of [windows.avg, windows.min, windows.max, windows.starts, windows.delta]) {
    expect(statistic(key, 0, endMs)).toBeNaN();
    expect(statistic(key, 1, endMs)).toBeNaN();
  }
});

test('the trend of a window is that of its bucket means', () => {
  const { windows, key, endMs } = fill(336 * HOUR_MS, HOUR_MS, (hour) => 60 + hour / 4);
  expect(windows.slope(key, 0, endMs)).toBeCloseTo(0.25, 3);
  expect(windows.level(key, 0, endMs)).toBeCloseTo(60 + 336 / 4, 0);
});
