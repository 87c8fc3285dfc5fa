const MINUTE_MS = 60_000;

/** How long a repaired fault must stay away, and for how much of that the unit must have worked. */
export const VERIFICATION_POLICY = {
  windowMs: 30 * MINUTE_MS,
  loadedMs: 10 * MINUTE_MS,
  longestMs: 24 * 60 * MINUTE_MS,
  extendMs: 10 * MINUTE_MS,
} as const;

/** What is known of a repaired unit since its test. */
export interface RepairFacts {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly nowMs: number;
  readonly loadedMs: number;
  /** Alarms of the fault that were raised before the test and have not returned. */
  readonly standingAlarms: number;
}

export type Judgement =
  | { readonly verdict: 'wait'; readonly reason: 'window_open' }
  | { readonly verdict: 'extend'; readonly reason: 'not_loaded' | 'alarm_stands'; readonly untilMs: number }
  | { readonly verdict: 'verified'; readonly reason: 'stayed_away_under_load' }
  | { readonly verdict: 'inconclusive'; readonly reason: 'not_loaded' }
  | { readonly verdict: 'recurred'; readonly reason: 'alarm_stands' };

/**
 * Whether a repair is proven. The window grows while the unit has not worked long enough or the alarm has not
 * returned, at most to a day: then an alarm that stands means it was no repair, and a unit that never worked
 * proves nothing.
 */
export function judgeRepair(facts: RepairFacts): Judgement {
  const { fromMs, untilMs, nowMs, loadedMs, standingAlarms } = facts;
  if (nowMs < untilMs) return { verdict: 'wait', reason: 'window_open' };
  const isLast = untilMs >= fromMs + VERIFICATION_POLICY.longestMs;
  const longer = Math.min(
    fromMs + VERIFICATION_POLICY.longestMs,
    Math.max(untilMs, nowMs) + VERIFICATION_POLICY.extendMs,
  );
  if (standingAlarms > 0) {
    return isLast
      ? { verdict: 'recurred', reason: 'alarm_stands' }
      : { verdict: 'extend', reason: 'alarm_stands', untilMs: longer };
  }
  if (loadedMs >= VERIFICATION_POLICY.loadedMs) {
    return { verdict: 'verified', reason: 'stayed_away_under_load' };
  }
  return isLast
    ? { verdict: 'inconclusive', reason: 'not_loaded' }
    : { verdict: 'extend', reason: 'not_loaded', untilMs: longer };
}
