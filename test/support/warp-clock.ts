import type { Clock } from '#platform/clock.ts';

/** The wall's time until it is told to hurry; timers hurry from the start. */
export interface WarpClock extends Clock {
  /** From now on this many times as fast as the wall. */
  runAt(speed: number): void;
}

export function createWarpClock(timerSpeed: number): WarpClock {
  let speed = 1;
  let wallMs = Date.now();
  let ourMs = wallMs;
  const nowMs = () => Math.floor(ourMs + (Date.now() - wallMs) * speed);
  return {
    nowMs,
    wallDelayMs: (spanMs) => spanMs / timerSpeed,
    runAt: (next) => {
      ourMs = nowMs();
      wallMs = Date.now();
      speed = next;
    },
  };
}
