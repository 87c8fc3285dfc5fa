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
  /** What of it is news, in the order it happened. */
  readonly news: readonly News[];
}

type News = 'acknowledged' | 'returned';

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

const RETURNED: ReadonlySet<AlarmState> = new Set(['returned', 'normal']);

const NOTHING = {
  raised: null,
  reason: null,
  acknowledgedAtMs: null,
  returnedAtMs: null,
  endedAtMs: null,
  news: [],
} satisfies Partial<AlarmChange>;

/** The change that a transition makes on top of those merged before it; a step back makes none. */
export function mergeTransition(before: AlarmChange | undefined, next: AlarmTransition): AlarmChange {
  const { occurrence, to, atMs, reason } = next;
  if (before !== undefined && STAGE[to] <= STAGE[before.state]) return before;
  const done: Omit<AlarmChange, 'occurrence' | 'state'> = before ?? NOTHING;
  const isAcknowledgement = reason.code === 'acknowledged';
  const isReturned = RETURNED.has(to);
  const news: News[] = [];
  if (isAcknowledgement && done.acknowledgedAtMs === null) news.push('acknowledged');
  if (isReturned && done.returnedAtMs === null) news.push('returned');
  return {
    occurrence,
    raised: to === 'unacknowledged' ? next : done.raised,
    state: to,
    reason: isAcknowledgement ? done.reason : reason,
    acknowledgedAtMs: done.acknowledgedAtMs ?? (isAcknowledgement ? atMs : null),
    returnedAtMs: done.returnedAtMs ?? (isReturned ? atMs : null),
    endedAtMs: done.endedAtMs ?? (to === 'normal' ? atMs : null),
    news: [...done.news, ...news],
  };
}
