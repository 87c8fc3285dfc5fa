import type { AlarmState, AlarmTransition, Reason } from '#contracts/alarms.ts';

/** What is to be written of one occurrence: its transitions since the last write, merged. */
export interface AlarmChange {
  readonly occurrence: string;
  /** Its beginning, if that is among them: else the row must exist. */
  readonly raised: AlarmTransition | null;
  readonly state: AlarmState;
  /** Null: the row keeps its own. */
  readonly reason: Reason | null;
  readonly acknowledgedAtMs: number | null;
  readonly returnedAtMs: number | null;
  readonly endedAtMs: number | null;
}

/** How far an alarm state is in an occurrence's life, which never goes back to an earlier stage. */
export const STAGE: Readonly<Record<AlarmState, number>> = {
  unacknowledged: 0,
  shelved: 0,
  suppressed: 0,
  out_of_service: 0,
  acknowledged: 1,
  returned: 1,
  normal: 2,
};

/** The change that a transition makes on top of those merged before it. */
export function mergeTransition(before: AlarmChange | undefined, next: AlarmTransition): AlarmChange {
  const { to, atMs, reason } = next;
  const isAcknowledgement = reason.code === 'acknowledged';
  const isReturned = to === 'returned' || to === 'normal';
  return {
    occurrence: next.occurrence,
    raised: to === 'unacknowledged' ? next : (before?.raised ?? null),
    state: to,
    reason: isAcknowledgement ? (before?.reason ?? null) : reason,
    acknowledgedAtMs: before?.acknowledgedAtMs ?? (isAcknowledgement ? atMs : null),
    returnedAtMs: before?.returnedAtMs ?? (isReturned ? atMs : null),
    endedAtMs: before?.endedAtMs ?? (to === 'normal' ? atMs : null),
  };
}
