import type { Resolution, TicketStatus } from '#contracts/statuses.ts';
import type { GuardFailure, StateMachine, Transition } from './state-machine.ts';

export const TICKET_ACTIONS = [
  'assess',
  'start',
  'release',
  'resolve',
  'verify',
  'close',
  'self_clear',
  'reopen',
  'cancel',
  'merge',
] as const;
export type TicketAction = (typeof TICKET_ACTIONS)[number];

/** What the guards of a ticket's moves look at. */
export interface TicketFacts {
  /** A person reported it and nobody has read the report back to them (requirement A4). */
  readonly awaitsReadBack: boolean;
  readonly resolution: Resolution | null;
  readonly reason: string | null;
  readonly openOrders: number;
  /** Work that is done and lacks the customer's signature or refusal (requirement H1). */
  readonly unsignedOrders: number;
  readonly verificationPending: boolean;
  readonly withinReopenWindow: boolean;
}

type GuardName = 'readBack' | 'resolution' | 'reason' | 'workDone' | 'signed' | 'verified' | 'reopenWindow';

const fail = (
  code: string,
  [field, message]: readonly [string, string],
  kind: GuardFailure['kind'],
): GuardFailure => ({ code: `TICKET_${code}`, field, message, kind });

type Row = readonly [
  action: TicketAction,
  from: readonly TicketStatus[],
  to: TicketStatus,
  ...guards: GuardName[],
];

const ROWS: readonly Row[] = [
  ['assess', ['open', 'assessed'], 'assessed', 'readBack'],
  ['start', ['assessed'], 'in_progress'],
  ['release', ['in_progress'], 'assessed', 'workDone'],
  ['resolve', ['open', 'assessed', 'in_progress'], 'resolved', 'resolution', 'workDone'],
  ['verify', ['resolved'], 'verifying'],
  ['close', ['resolved', 'verifying'], 'closed', 'workDone', 'signed', 'verified'],
  ['self_clear', ['open', 'assessed'], 'closed', 'workDone'],
  ['reopen', ['resolved', 'verifying', 'closed'], 'in_progress', 'reopenWindow'],
  ['cancel', ['open', 'assessed', 'in_progress'], 'cancelled', 'reason'],
  ['merge', ['open', 'assessed'], 'merged', 'reason'],
];

const TRANSITIONS: readonly Transition<TicketStatus, TicketAction, GuardName>[] = ROWS.map(
  ([action, from, to, ...guards]) => ({ action, from, to, guards }),
);

/** A ticket's life (who has which state: ARCHITECTURE). */
export const TICKET_MACHINE: StateMachine<TicketStatus, TicketAction, TicketFacts, GuardName> = {
  noun: 'ticket',
  states: ['open', 'assessed', 'in_progress', 'resolved', 'verifying', 'closed', 'merged', 'cancelled'],
  transitions: TRANSITIONS,
  guards: {
    readBack: ({ awaitsReadBack }) =>
      awaitsReadBack
        ? fail('READ_BACK_MISSING', ['readBack', 'read the report back to the customer first'], 'conflict')
        : null,
    resolution: ({ resolution }) =>
      resolution === null
        ? fail('RESOLUTION_MISSING', ['resolution', 'say how it was solved'], 'invalid')
        : null,
    reason: ({ reason }) =>
      reason === null || reason.trim() === ''
        ? fail('REASON_MISSING', ['reason', 'give a reason'], 'invalid')
        : null,
    workDone: ({ openOrders }) =>
      openOrders > 0
        ? fail('WORK_UNFINISHED', ['workOrderIds', `${openOrders} work orders are unfinished`], 'conflict')
        : null,
    signed: ({ unsignedOrders }) =>
      unsignedOrders > 0
        ? fail('SIGNATURE_MISSING', ['signature', 'the customer has not signed the work'], 'conflict')
        : null,
    verified: ({ verificationPending }) =>
      verificationPending
        ? fail('VERIFICATION_PENDING', ['verification', 'the repair is still being verified'], 'conflict')
        : null,
    reopenWindow: ({ withinReopenWindow }) =>
      withinReopenWindow
        ? null
        : fail('REOPEN_WINDOW_OVER', ['closedAt', 'too long closed: open a new ticket'], 'conflict'),
  },
};
