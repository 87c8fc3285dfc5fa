import type { SlaPolicy } from '#contracts/sla.ts';
import type { SlaClockKind } from '#contracts/statuses.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** The promises in force (requirement K); a clock keeps the one it was started under. */
export const SLA_POLICIES = {
  T1: { version: 1, limitMs: 5 * MINUTE_MS },
  T2: { version: 1, limitMs: 15 * MINUTE_MS },
  T5: { version: 1, limitMs: 72 * HOUR_MS },
  T6: { version: 1, limitMs: 15 * MINUTE_MS },
  T7: { version: 1, limitMs: 2 * HOUR_MS },
  T9: { version: 1, limitMs: 24 * HOUR_MS },
} as const satisfies Partial<Record<SlaClockKind, SlaPolicy>>;

export type RunningClockKind = keyof typeof SLA_POLICIES;

export function dueAtMs(startedAtMs: number, policy: SlaPolicy): number {
  return startedAtMs + policy.limitMs;
}

/** Kept up to and including the due instant. */
export function isMet(clock: { readonly dueAtMs: number }, stoppedAtMs: number): boolean {
  return stoppedAtMs <= clock.dueAtMs;
}

/** A running clock is breached from the first instant after its due instant. */
export function isBreached(clock: { readonly dueAtMs: number }, nowMs: number): boolean {
  return nowMs > clock.dueAtMs;
}

/** What stopping does to a clock. `amended`: it had fired, and what stopped it happened in time after all. */
export type Stop = 'met' | 'breached' | 'breached_before' | 'amended';

export function stop(
  clock: { readonly dueAtMs: number; readonly firedAtMs: number | null },
  stoppedAtMs: number,
): Stop {
  if (isMet(clock, stoppedAtMs)) return clock.firedAtMs === null ? 'met' : 'amended';
  return clock.firedAtMs === null ? 'breached' : 'breached_before';
}
