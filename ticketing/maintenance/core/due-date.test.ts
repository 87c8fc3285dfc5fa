import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Prognosis } from '#contracts/prognosis.ts';
import { type Due, type DueQuestion, decideDue, manualDue, nextCheckInMs, orderAtMs } from './due-date.ts';

const DAY_MS = 86_400_000;
const NOW = Date.UTC(2026, 10, 21);
const at = (days: number) => NOW + days * DAY_MS;

function trend(p10Days: number, p50Days = p10Days + 10): Prognosis {
  return {
    state: 'trend',
    currentValue: 180,
    slopePerDay: 2,
    p10AtMs: at(p10Days),
    p50AtMs: at(p50Days),
    p90AtMs: null,
    samples: 500,
  };
}

const NO_TREND: Prognosis = { state: 'no_trend', samples: 500 };
const POOR: Prognosis = { state: 'insufficient_data', samples: 3 };

const QUESTION: DueQuestion = {
  nowMs: NOW,
  sinceMs: NOW,
  intervalDays: 180,
  current: null,
  prognosis: null,
  previousState: null,
};

const decide = (question: Partial<DueQuestion>) => decideDue({ ...QUESTION, ...question });
const after = (first: Prognosis): Due => decide({ prognosis: first });

test('G1: without a trend, work is due when its interval ends', () => {
  expect(decide({})).toMatchObject({ dueAtMs: at(180), reason: { code: 'interval' } });
  expect(decide({ prognosis: POOR })).toMatchObject({ dueAtMs: at(180) });
});

test('G1: a trend that reaches its limit earlier moves the date to the early end of the forecast', () => {
  expect(decide({ prognosis: trend(20, 30) })).toMatchObject({
    dueAtMs: at(20),
    reason: { code: 'trend', params: { p10AtMs: at(20), p50AtMs: at(30), p90AtMs: null } },
  });
});

test('G1: a trend that reaches its limit after the interval leaves the interval', () => {
  expect(decide({ prognosis: trend(300) })).toMatchObject({
    dueAtMs: at(180),
    reason: { code: 'interval' },
  });
});

test('a date inside the deadband holds, one beyond it moves later', () => {
  const current = after(trend(20));
  expect(decide({ current, prognosis: trend(22) })).toBe(current);
  expect(decide({ current, prognosis: trend(24) })).toBe(current);
  expect(decide({ current, prognosis: trend(26) }).dueAtMs).toBe(at(26));
});

test('a forecast poor in data, or none at all, leaves the date', () => {
  const current = after(trend(20));
  expect(decide({ current, prognosis: POOR, previousState: 'insufficient_data' })).toBe(current);
  expect(decide({ current, prognosis: null })).toBe(current);
});

test('a trend is gone when two forecasts in a row see none', () => {
  const current = after(trend(20));
  expect(decide({ current, prognosis: NO_TREND, previousState: 'trend' })).toBe(current);
  expect(decide({ current, prognosis: NO_TREND, previousState: 'no_trend' }).reason.code).toBe('interval');
});

test('a date set by a person stands whatever the trend says', () => {
  const current = manualDue(at(90), 'user-1');
  expect(decide({ current, prognosis: trend(1) })).toBe(current);
});

const instant = fc.integer({ min: -30, max: 4000 });
const dueOf = fc.option(instant, { nil: null }).map((days) => (days === null ? null : after(trend(days))));
const base = fc.record({
  sinceMs: fc.integer({ min: -400, max: 0 }).map(at),
  intervalDays: fc.integer({ min: 1, max: 3650 }),
  current: dueOf,
});

test('property: a worse trend is never due later', () => {
  fc.assert(
    fc.property(base, instant, instant, (question, one, other) => {
      const [worse, better] = one < other ? [one, other] : [other, one];
      const sooner = decide({ ...question, prognosis: trend(worse) });
      expect(sooner.dueAtMs).toBeLessThanOrEqual(decide({ ...question, prognosis: trend(better) }).dueAtMs);
    }),
  );
});

test('property: no date without a person lies after the interval’s', () => {
  const prognosis = fc.oneof(
    instant.map((days) => trend(days)),
    fc.constantFrom(NO_TREND, POOR, null),
  );
  const previousState = fc.constantFrom('trend', 'no_trend', 'insufficient_data', null);
  fc.assert(
    fc.property(base, prognosis, previousState, (question, forecast, before) => {
      const { dueAtMs } = decide({ ...question, prognosis: forecast, previousState: before });
      expect(dueAtMs).toBeLessThanOrEqual(question.sinceMs + question.intervalDays * DAY_MS);
    }),
  );
});

test('property: noise around one trend keeps the date between its earliest forecast and the deadband', () => {
  const noise = fc.array(fc.integer({ min: -2, max: 2 }), { minLength: 2, maxLength: 50 });
  fc.assert(
    fc.property(fc.integer({ min: 20, max: 100 }), noise, (days, offsets) => {
      let current: Due | null = null;
      for (const offset of offsets) current = decide({ current, prognosis: trend(days + offset) });
      expect(current?.dueAtMs).toBeGreaterThanOrEqual(at(days - 2));
      expect(current?.dueAtMs).toBeLessThanOrEqual(at(days + 2));
    }),
  );
});

test('an order is due its lead before the work', () => {
  expect(orderAtMs(at(14), 14)).toBe(NOW);
});

test('a plan without a trend is looked at ever less often, one with a trend every six hours', () => {
  const waits = [0, 1, 2, 3].map((checks) => nextCheckInMs(checks, 'insufficient_data'));
  expect(waits).toEqual([20_000, 40_000, 80_000, 160_000]);
  expect(nextCheckInMs(1000, null)).toBe(6 * 3_600_000);
  expect(nextCheckInMs(0, 'trend')).toBe(6 * 3_600_000);
});
