import type { WorkOrderStatus } from '#contracts/statuses.ts';
import type { Guard, GuardFailure, StateMachine } from './state-machine.ts';

export const WORK_ORDER_ACTIONS = [
  'assign',
  'reassign',
  'accept',
  'decline',
  'withdraw',
  'contact',
  'appoint',
  'depart',
  'arrive',
  'diagnose',
  'request-consent',
  'consent',
  'wait-parts',
  'parts-arrived',
  'start-repair',
  'test',
  'fail-test',
  'sign',
  'submit',
  'review',
  'archive',
  'cancel',
] as const;
export type WorkOrderAction = (typeof WORK_ORDER_ACTIONS)[number];

/** What the guards of a work order's moves look at: what the order holds once the action's data is in. */
export interface WorkOrderFacts {
  readonly technicianId: string | null;
  readonly hasPlan: boolean;
  readonly isEmergency: boolean;
  readonly reason: string | null;
  readonly etaAtMs: number | null;
  readonly symptomConfirmed: boolean;
  readonly appointmentFromMs: number | null;
  readonly confirmedCause: string | null;
  /** Maintenance and inspection follow a plan: there is no fault to diagnose. */
  readonly isPlannedWork: boolean;
  readonly consent: 'not_needed' | 'needed' | 'given' | 'refused';
  readonly consentAnswer: boolean | null;
  readonly testPassed: boolean | null;
  readonly signature: 'signed' | 'refused' | 'missing';
  readonly reviewerIsAuthor: boolean;
}

type GuardName =
  | 'technician'
  | 'plan'
  | 'reason'
  | 'eta'
  | 'symptom'
  | 'appointment'
  | 'cause'
  | 'causeOrPlan'
  | 'consentAnswer'
  | 'consent'
  | 'testPassed'
  | 'testFailed'
  | 'signature'
  | 'reviewer';

type Kind = GuardFailure['kind'];

/** A guard that fails under that code, naming that field, unless the facts hold. */
const unless =
  (
    holds: (facts: WorkOrderFacts) => boolean,
    [code, field, message]: readonly [string, string, string],
    kind: Kind,
  ): Guard<WorkOrderFacts> =>
  (facts) =>
    holds(facts) ? null : { code: `WORK_ORDER_${code}`, field, message, kind };

const filled = (text: string | null): boolean => text !== null && text.trim() !== '';

const GUARDS: Readonly<Record<GuardName, Guard<WorkOrderFacts>>> = {
  technician: unless(
    (f) => f.technicianId !== null,
    ['TECHNICIAN_MISSING', 'technicianId', 'name the technician'],
    'invalid',
  ),
  plan: unless(
    (f) => f.hasPlan || f.isEmergency,
    ['PLAN_MISSING', 'plan', 'the preliminary cause and plan come before dispatch'],
    'conflict',
  ),
  reason: unless((f) => filled(f.reason), ['REASON_MISSING', 'reason', 'give a reason'], 'invalid'),
  eta: unless(
    (f) => f.etaAtMs !== null,
    ['ETA_MISSING', 'etaAt', 'tell the customer when you arrive'],
    'invalid',
  ),
  symptom: unless(
    (f) => f.symptomConfirmed,
    ['SYMPTOM_UNCONFIRMED', 'symptomConfirmed', 'confirm the symptom with the customer'],
    'invalid',
  ),
  appointment: unless(
    (f) => f.appointmentFromMs !== null,
    ['APPOINTMENT_MISSING', 'from', 'agree on an appointment before the visit'],
    'invalid',
  ),
  cause: unless(
    (f) => filled(f.confirmedCause),
    ['CAUSE_MISSING', 'confirmedCause', 'say which cause was found'],
    'invalid',
  ),
  causeOrPlan: unless(
    (f) => f.isPlannedWork || filled(f.confirmedCause),
    ['NOT_DIAGNOSED', 'confirmedCause', 'diagnose before the repair'],
    'conflict',
  ),
  consentAnswer: unless(
    (f) => f.consentAnswer !== null,
    ['CONSENT_ANSWER_MISSING', 'agreed', "record the customer's answer"],
    'invalid',
  ),
  consent: unless(
    (f) => f.consent === 'not_needed' || f.consent === 'given',
    ['CONSENT_MISSING', 'consent', 'the customer has not agreed to this repair'],
    'conflict',
  ),
  testPassed: unless(
    (f) => f.testPassed === true,
    ['TEST_MISSING', 'passed', 'say passed: true or false; only a test that passed ends the repair'],
    'invalid',
  ),
  testFailed: unless(
    (f) => f.testPassed === false,
    ['TEST_MISSING', 'passed', 'not a failed test'],
    'invalid',
  ),
  signature: unless(
    (f) => f.signature !== 'missing',
    [
      'SIGNATURE_MISSING',
      'strokes',
      'give name and strokes, or refusedReason when the customer does not sign',
    ],
    'invalid',
  ),
  reviewer: unless(
    (f) => !f.reviewerIsAuthor,
    ['SELF_REVIEW', 'reviewer', 'somebody other than the author reviews'],
    'conflict',
  ),
};

type Row = readonly [
  action: WorkOrderAction,
  from: readonly WorkOrderStatus[],
  to: WorkOrderStatus,
  ...guards: GuardName[],
];

const BEFORE_VISIT: readonly WorkOrderStatus[] = ['dispatched', 'accepted', 'contacted', 'appointed'];
const BEFORE_TEST: readonly WorkOrderStatus[] = [
  'planned',
  ...BEFORE_VISIT,
  'en_route',
  'on_site',
  'diagnosed',
  'waiting_consent',
  'waiting_parts',
  'repairing',
];

const ROWS: readonly Row[] = [
  ['assign', ['planned', ...BEFORE_VISIT], 'dispatched', 'technician', 'plan'],
  ['reassign', [...BEFORE_VISIT, 'en_route'], 'dispatched', 'technician', 'plan', 'reason'],
  ['accept', ['dispatched'], 'accepted'],
  ['decline', ['dispatched', 'accepted'], 'planned', 'reason'],
  ['withdraw', [...BEFORE_VISIT, 'en_route'], 'planned', 'reason'],
  ['contact', ['accepted'], 'contacted', 'eta', 'symptom'],
  ['appoint', ['contacted', 'appointed'], 'appointed', 'appointment'],
  ['depart', ['appointed'], 'en_route', 'appointment'],
  ['arrive', ['en_route'], 'on_site'],
  ['diagnose', ['on_site', 'diagnosed', 'repairing'], 'diagnosed', 'cause'],
  ['request-consent', ['diagnosed'], 'waiting_consent'],
  ['consent', ['waiting_consent'], 'diagnosed', 'consentAnswer'],
  ['wait-parts', ['diagnosed', 'repairing'], 'waiting_parts', 'reason'],
  ['parts-arrived', ['waiting_parts'], 'diagnosed'],
  ['start-repair', ['on_site', 'diagnosed'], 'repairing', 'causeOrPlan', 'consent'],
  ['test', ['repairing'], 'tested', 'testPassed'],
  ['fail-test', ['repairing'], 'repairing', 'testFailed'],
  ['sign', ['tested'], 'signed', 'testPassed', 'signature'],
  ['submit', ['signed'], 'submitted'],
  ['review', ['submitted'], 'reviewed', 'reviewer'],
  ['archive', ['reviewed'], 'archived'],
  ['cancel', BEFORE_TEST, 'cancelled', 'reason'],
];

/** A work order's life; declined or withdrawn it is planned again. */
export const WORK_ORDER_MACHINE: StateMachine<WorkOrderStatus, WorkOrderAction, WorkOrderFacts, GuardName> = {
  noun: 'work_order',
  states: [...BEFORE_TEST, 'tested', 'signed', 'submitted', 'reviewed', 'archived', 'cancelled'],
  transitions: ROWS.map(([action, from, to, ...guards]) => ({ action, from, to, guards })),
  guards: GUARDS,
};
