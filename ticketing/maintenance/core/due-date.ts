import type { Reason } from '#contracts/alarms.ts';
import type { Prognosis } from '#contracts/prognosis.ts';

const DAY_MS = 86_400_000;

/** A later date must be later by this much, and by this part of the time that is left, to be believed. */
const DEADBAND_MS = 3 * DAY_MS;
const DEADBAND_SHARE = 0.2;

/** A due date and why it is that one: reason code `interval`, `trend` or `manual`. */
export interface Due {
  readonly dueAtMs: number;
  readonly reason: Reason;
}

export interface DueQuestion {
  readonly nowMs: number;
  /** When the work was last done, else when the plan began: the interval counts from here. */
  readonly sinceMs: number;
  readonly intervalDays: number;
  /** The date that stands; null for a plan that has none yet or whose work was just done. */
  readonly current: Due | null;
  /** The newest forecast; null when there was none to be had. */
  readonly prognosis: Prognosis | null;
  /** State of the forecast before it. */
  readonly previousState: Prognosis['state'] | null;
}

/**
 * When work is due: the interval's date, or before it the date at which the trend reaches its limit.
 *
 * Of the forecast's interval it takes the early end, P10. The two mistakes do not cost the same: cleaning a
 * filter some days too soon costs a part of one planned visit, cleaning it too late costs a fault, an unplanned
 * visit and a customer without cooling. P50 would be too late every second time. A forecast too wide to use is
 * the forecaster's to refuse (`insufficient_data`).
 *
 * A date moves earlier at once. It moves later only when its work was done (`current` null), when the trend
 * itself moved by more than the deadband, or when two forecasts in a row see no trend any more; so noise cannot
 * push work off step by step, and what is held too early stays within the deadband. A forecast that is missing
 * or poor in data changes nothing. A date set by a person stands until the work is done.
 */
export function decideDue(question: DueQuestion): Due {
  const { current, prognosis, previousState, nowMs } = question;
  if (current?.reason.code === 'manual') return current;
  const interval = intervalDue(question);
  const proposed = prognosis?.state === 'trend' ? earlier(trendDue(prognosis), interval) : interval;
  if (current === null || proposed.dueAtMs <= current.dueAtMs) return proposed;
  const isTrendGone = prognosis?.state === 'no_trend' && previousState === 'no_trend';
  if (prognosis?.state !== 'trend' && !isTrendGone) return current;
  return isBeyondDeadband(current.dueAtMs, proposed.dueAtMs, nowMs) ? proposed : current;
}

function isBeyondDeadband(currentMs: number, proposedMs: number, nowMs: number): boolean {
  const laterMs = proposedMs - currentMs;
  return laterMs > DEADBAND_MS && laterMs > DEADBAND_SHARE * (proposedMs - nowMs);
}

function earlier(trend: Due, interval: Due): Due {
  return trend.dueAtMs < interval.dueAtMs ? trend : interval;
}

function intervalDue({ sinceMs, intervalDays }: DueQuestion): Due {
  return {
    dueAtMs: sinceMs + intervalDays * DAY_MS,
    reason: {
      code: 'interval',
      params: { intervalDays, sinceMs },
      text: {
        'zh-CN': `每 ${intervalDays} 天一次，自上次保养或计划建立起算`,
        en: `every ${intervalDays} days, counted from the last time or from when the plan began`,
      },
    },
  };
}

function trendDue(trend: Extract<Prognosis, { state: 'trend' }>): Due {
  const { currentValue, slopePerDay, p10AtMs, p50AtMs, p90AtMs, samples } = trend;
  return {
    dueAtMs: p10AtMs,
    reason: {
      code: 'trend',
      params: { currentValue, slopePerDay, p10AtMs, p50AtMs, p90AtMs, samples },
      text: {
        'zh-CN': `按当前趋势，将于 ${day(p50AtMs)} 前后达到限值，最早 ${day(p10AtMs)}`,
        en: `the trend reaches the limit about ${day(p50AtMs)}, at the earliest ${day(p10AtMs)}`,
      },
    },
  };
}

/** A date set by a person. */
export function manualDue(dueAtMs: number, byUserId: string): Due {
  return {
    dueAtMs,
    reason: {
      code: 'manual',
      params: { byUserId },
      text: { 'zh-CN': '人工设定日期', en: 'date set by a person' },
    },
  };
}

/** When the order for work that is due then should be open. */
export function orderAtMs(dueAtMs: number, leadDays: number): number {
  return dueAtMs - leadDays * DAY_MS;
}

const FIRST_CHECK_MS = 20_000;
const SLOWEST_CHECK_MS = 6 * 3_600_000;

/**
 * How long until a plan is looked at again. `checks` counts looks without a trend so far: 20 s before the
 * first, then twice as long each time up to six hours; a plan with a trend is looked at every six hours.
 */
export function nextCheckInMs(checks: number, state: Prognosis['state'] | null): number {
  if (state === 'trend') return SLOWEST_CHECK_MS;
  return Math.min(FIRST_CHECK_MS * 2 ** Math.min(checks, 16), SLOWEST_CHECK_MS);
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
