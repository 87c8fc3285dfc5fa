/**
 * The one source of time. `nowMs` runs `speed` times as fast as the wall, so that a day can be played in
 * seconds; `wallDelayMs` says how long the wall takes for a span of this clock's time (for timers).
 */
export interface Clock {
  nowMs(): number;
  wallDelayMs(spanMs: number): number;
}

export function createClock(speed = 1): Clock {
  if (speed === 1) return { nowMs: Date.now, wallDelayMs: (spanMs) => spanMs };
  const originMs = Date.now();
  return {
    nowMs: () => Math.floor(originMs + (Date.now() - originMs) * speed),
    wallDelayMs: (spanMs) => spanMs / speed,
  };
}

/** A clock that stands still until told: for tests. */
export interface ManualClock extends Clock {
  set(ms: number): void;
  advance(ms: number): void;
}

export function createManualClock(startMs: number): ManualClock {
  let now = startMs;
  return {
    nowMs: () => now,
    wallDelayMs: () => 0,
    set: (ms) => {
      now = ms;
    },
    advance: (ms) => {
      now += ms;
    },
  };
}
