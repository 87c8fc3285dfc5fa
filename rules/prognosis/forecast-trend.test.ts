import { expect, test } from 'vitest';
import type { TelemetryQuery, TelemetrySeries } from '#contracts/telemetry.ts';
import { createManualClock } from '#platform/clock.ts';
import { createForecast } from './create-forecast.ts';
import { forecastTrend } from './forecast-trend.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NOW_MS = 1_790_000_000_000;
const rising = { limit: 200, direction: 'rising' } as const;

/** Numbers from 0 to 1, always the same for a seed. */
function randoms(seed: number): () => number {
  let state = seed * 2_654_435_761 + 1;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 0x9e3779b9) >>> 0;
    return ((state ^ (state >>> 13)) >>> 0) / 4_294_967_296;
  };
}

function gauss(next: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
}

/** Hourly values up to now of a line through `now` with its slope a day, with noise of that spread. */
function line(
  shape: { days: number; now: number; slope: number; spread: number },
  seed: number,
): [number, number][] {
  const next = randoms(seed);
  const hours = shape.days * 24;
  return Array.from({ length: hours }, (_, i) => {
    const agoDays = (hours - i) / 24;
    return [NOW_MS - agoDays * DAY_MS, shape.now - shape.slope * agoDays + shape.spread * gauss(next)];
  });
}

const SEEDS = Array.from({ length: 100 }, (_, seed) => seed + 1);

test('the interval of a noisy line holds the instant at which it truly reaches its limit', () => {
  const trueMs = NOW_MS + 20 * DAY_MS;
  const held = SEEDS.filter((seed) => {
    const points = line({ days: 30, now: 100, slope: 5, spread: 30 }, seed);
    const answer = forecastTrend(points, rising, NOW_MS);
    if (answer.state !== 'trend') return false;
    expect(answer.p10AtMs).toBeLessThanOrEqual(answer.p50AtMs);
    expect(answer.p90AtMs ?? Infinity).toBeGreaterThanOrEqual(answer.p50AtMs);
    return answer.p10AtMs <= trueMs && trueMs <= (answer.p90AtMs ?? Infinity);
  });
  expect(held.length).toBeGreaterThanOrEqual(80);
});

test('noise around a level is no trend', () => {
  const found = SEEDS.filter((seed) => {
    const points = line({ days: 20, now: 100, slope: 0, spread: 10 }, seed);
    return forecastTrend(points, rising, NOW_MS).state !== 'no_trend';
  });
  expect(found).toEqual([]);
});

test('a daily cycle around a level is no trend', () => {
  const found = SEEDS.filter((seed) => {
    const points = line({ days: 10 + (seed % 20), now: 100, slope: 0, spread: 1 }, seed);
    const cycling = points.map(([atMs, value]): [number, number] => [
      atMs,
      value + 20 * Math.sin((2 * Math.PI * (atMs % DAY_MS)) / DAY_MS),
    ]);
    return forecastTrend(cycling, rising, NOW_MS).state !== 'no_trend';
  });
  expect(found).toEqual([]);
});

test.each([
  ['away from the limit', { days: 30, now: 100, slope: -5, spread: 3 }],
  ['so slow that the limit is more than ten years off', { days: 30, now: 100, slope: 0.02, spread: 0.01 }],
])('a line that goes %s is no trend', (_, shape) => {
  expect(forecastTrend(line(shape, 1), rising, NOW_MS)).toMatchObject({ state: 'no_trend' });
});

test('a falling metric is forecast to its lower limit', () => {
  const points = line({ days: 30, now: 100, slope: -5, spread: 1 }, 7);
  const answer = forecastTrend(points, { limit: 50, direction: 'falling' }, NOW_MS);
  if (answer.state !== 'trend') throw new Error(answer.state, { cause: answer });
  expect(answer.slopePerDay).toBeCloseTo(-5, 1);
  expect(answer.currentValue).toBeCloseTo(100, 0);
  expect(answer.p50AtMs).toBeGreaterThan(NOW_MS + 9.5 * DAY_MS);
  expect(answer.p50AtMs).toBeLessThan(NOW_MS + 10.5 * DAY_MS);
});

test('a limit already passed is reached now', () => {
  const points = line({ days: 10, now: 300, slope: 5, spread: 1 }, 3);
  const now = { p10AtMs: NOW_MS, p50AtMs: NOW_MS, p90AtMs: NOW_MS };
  expect(forecastTrend(points, rising, NOW_MS)).toMatchObject({ state: 'trend', ...now });
});

test('after maintenance only what followed it counts', () => {
  const missed = SEEDS.filter((seed) => {
    const before = line({ days: 20, now: 180, slope: 8, spread: 3 }, seed).map(
      ([atMs, value]): [number, number] => [atMs - 6 * DAY_MS, value],
    );
    const after = line({ days: 6, now: 60, slope: 4, spread: 3 }, seed + 1_000);
    const answer = forecastTrend([...before, ...after], rising, NOW_MS);
    return answer.state !== 'trend' || answer.samples !== 144 || Math.abs(answer.slopePerDay - 4) > 1;
  });
  expect(missed).toEqual([]);
});

test('a unit just maintained is not judged by its former wear', () => {
  const before = line({ days: 20, now: 180, slope: 8, spread: 3 }, 1).map(
    ([atMs, value]): [number, number] => [atMs - DAY_MS, value],
  );
  const after = line({ days: 1, now: 60, slope: 4, spread: 3 }, 2);
  const answer = forecastTrend([...before, ...after], rising, NOW_MS);
  expect(answer).toEqual({ state: 'insufficient_data', samples: 24 });
});

test.each([
  ['fewer than 48 hourly samples', line({ days: 1, now: 100, slope: 50, spread: 1 }, 1)],
  ['less than three days', line({ days: 2.9, now: 100, slope: 50, spread: 1 }, 1)],
  ['nothing', []],
])('%s are not enough to tell', (_, points) => {
  expect(forecastTrend(points, rising, NOW_MS).state).toBe('insufficient_data');
});

test('more points than are looked at give the same line', () => {
  const points = line({ days: 90, now: 100, slope: 1, spread: 2 }, 5);
  const answer = forecastTrend(points, rising, NOW_MS);
  if (answer.state !== 'trend') throw new Error(answer.state, { cause: answer });
  expect(answer.samples).toBe(2_160);
  expect(answer.slopePerDay).toBeCloseTo(1, 1);
});

test('a forecast asks for the hourly averages of its window and looks at its own component', async () => {
  const asked: TelemetryQuery[] = [];
  const of = (component: string, slope: number): TelemetrySeries => ({
    metric: 'filter_dp',
    component,
    unit: 'Pa',
    points: line({ days: 30, now: 100, slope, spread: 1 }, 1),
  });
  const forecast = createForecast({
    clock: createManualClock(NOW_MS),
    query: async (query) => {
      asked.push(query);
      return [of('idu-1', 0), of('', 5)];
    },
  });
  const question = { deviceId: 'ac-1', kind: 'ac_unit', component: '', metric: 'filter_dp' } as const;
  expect(await forecast({ ...question, ...rising, windowDays: 30 })).toMatchObject({ state: 'trend' });
  expect(asked).toMatchObject([
    { everyMs: HOUR_MS, agg: 'avg', component: '', fromMs: NOW_MS - 30 * DAY_MS, toMs: NOW_MS },
  ]);
});
