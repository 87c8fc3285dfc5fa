const MINUTE_MS = 60_000;

/** How long a repaired fault must stay away, and for how much of that the unit must have worked. */
export const VERIFICATION_POLICY = {
  windowMs: 30 * MINUTE_MS,
  loadedMs: 10 * MINUTE_MS,
  longestMs: 24 * 60 * MINUTE_MS,
  extendMs: 10 * MINUTE_MS,
} as const;

/** The same after a remote repair: whether the fault is reported again tells, at work or not. */
export const REMOTE_POLICY = {
  windowMs: 10 * MINUTE_MS,
  loadedMs: 0,
  longestMs: 60 * MINUTE_MS,
  extendMs: 5 * MINUTE_MS,
} as const;

type VerificationPolicy = { readonly [K in keyof typeof VERIFICATION_POLICY]: number };

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
export function judgeRepair(facts: RepairFacts, policy: VerificationPolicy = VERIFICATION_POLICY): Judgement {
  const { fromMs, untilMs, nowMs, loadedMs, standingAlarms } = facts;
  if (nowMs < untilMs) return { verdict: 'wait', reason: 'window_open' };
  const isLast = untilMs >= fromMs + policy.longestMs;
  const longer = Math.min(fromMs + policy.longestMs, Math.max(untilMs, nowMs) + policy.extendMs);
  if (standingAlarms > 0) {
    return isLast
      ? { verdict: 'recurred', reason: 'alarm_stands' }
      : { verdict: 'extend', reason: 'alarm_stands', untilMs: longer };
  }
  if (loadedMs >= policy.loadedMs) {
    return { verdict: 'verified', reason: 'stayed_away_under_load' };
  }
  return isLast
    ? { verdict: 'inconclusive', reason: 'not_loaded' }
    : { verdict: 'extend', reason: 'not_loaded', untilMs: longer };
}
