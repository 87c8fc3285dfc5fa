import { expect, test } from 'vitest';
import { type WindowSpec, windowKey } from './compiled-rule.ts';
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

function fill(
  { windowMs, stepMs, family }: { windowMs: number; stepMs: number; family: WindowSpec['family'] },
  valueAt: (hour: number) => number,
) {
  const windows = createWindowStore();
  const spec = { metric: 8, windowMs, family };
  windows.ask([spec]);
  const series = windows.series.get(windowKey(spec));
  const endMs = T0 + windowMs;
  for (let atMs = T0; series !== undefined && atMs <= endMs; atMs += stepMs) {
    addSample(series, 0, { atMs, value: valueAt((atMs - T0) / HOUR_MS) });
  }
  return { windows, key: windowKey(spec), endMs };
}

const saw = (hour: number): number => (Math.floor(hour * 10) % 2 === 0 ? 0 : hour * 100);

test('a window knows average, extremes, change, rate and starts once its samples reach back far enough', () => {
  const hour = { windowMs: HOUR_MS, stepMs: 30_000 };
  const mean = fill({ ...hour, family: 'mean' }, saw);
  expect(mean.windows.avg(mean.key, 0, mean.endMs)).toBeGreaterThan(20);
  const range = fill({ ...hour, family: 'range' }, saw);
  expect(range.windows.min(range.key, 0, range.endMs)).toBe(0);
  expect(range.windows.max(range.key, 0, range.endMs)).toBeGreaterThan(95);
  const starts = fill({ ...hour, family: 'starts' }, saw);
  expect(starts.windows.starts(starts.key, 0, starts.endMs)).toBe(5);
  const rising = fill({ windowMs: 2 * HOUR_MS, stepMs: 60_000, family: 'change' }, (h) => 10 + 3 * h);
  expect(rising.windows.rate(rising.key, 0, rising.endMs)).toBeCloseTo(3, 6);
  expect(rising.windows.delta(rising.key, 0, rising.endMs)).toBeCloseTo(6, 0);
});

test('a window with samples of its last half only, or of another row, tells nothing', () => {
  for (const family of ['mean', 'range', 'change', 'starts'] as const) {
    const { windows, key, endMs } = fill({ windowMs: HOUR_MS, stepMs: 30_000, family }, () => 1);
    const series = windows.series.get(key);
    series?.rings.splice(0);
    for (let atMs = endMs - HOUR_MS / 2; series !== undefined && atMs <= endMs; atMs += 30_000) {
      addSample(series, 0, { atMs, value: 1 });
    }
    for (const statistic of [windows.avg, windows.min, windows.max, windows.starts, windows.delta]) {
      expect(statistic(key, 0, endMs)).toBeNaN();
      expect(statistic(key, 1, endMs)).toBeNaN();
    }
  }
});

test('the trend of a window is that of its bucket means', () => {
  const { windows, key, endMs } = fill(
    { windowMs: 336 * HOUR_MS, stepMs: HOUR_MS, family: 'mean' },
    (hour) => 60 + hour / 4,
  );
  expect(windows.slope(key, 0, endMs)).toBeCloseTo(0.25, 3);
  expect(windows.level(key, 0, endMs)).toBeCloseTo(60 + 336 / 4, 0);
});
