import { type Static, Type } from 'typebox';
import { Component, DeviceId, RecordId } from './ids.ts';
import { RemoteAttempt } from './playbooks.ts';
import { Priority } from './priority.ts';
import { SlaClock } from './sla.ts';
import { VERIFICATIONS, WORK_ORDER_KINDS, WORK_ORDER_STATUSES } from './statuses.ts';
import { LocalText } from './text.ts';

const Time = Type.String({ format: 'date-time' });
const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

export const WorkOrderStatusSchema = Type.Enum(WORK_ORDER_STATUSES);
export const WorkOrderKindSchema = Type.Enum(WORK_ORDER_KINDS);
const VerificationSchema = Type.Enum(VERIFICATIONS);

/** Why an order has no technician yet. */
export const HOLD_REASONS = [
  'not_due',
  'no_skill',
  'certificate_expired',
  'out_of_zone',
  'all_declined',
  'off_shift',
  'data_incomplete',
] as const;
export type HoldReason = (typeof HOLD_REASONS)[number];

const ORDER_FIELDS = {
  id: RecordId,
  number: Type.String({ description: 'WO-000001' }),
  version: Type.Integer(),
  ticketId: nullable(RecordId),
  unitId: nullable(RecordId),
  deviceId: nullable(DeviceId),
  component: Component,
  kind: WorkOrderKindSchema,
  status: WorkOrderStatusSchema,
  technicianId: nullable(RecordId),
  assistantIds: Type.Array(RecordId, { description: 'technicians who help' }),
  centreId: Type.Union([RecordId, Type.Null()], { description: "the technician's centre" }),
  priority: Priority,
  verification: VerificationSchema,
  title: LocalText,
  planId: nullable(RecordId),
  dueAt: nullable(Time),
  holdReason: nullable(Type.Enum(HOLD_REASONS)),
  openedAt: Time,
};

/** One item of GET /api/v1/work-orders. */
export const WorkOrder = Type.Object(ORDER_FIELDS, { $id: 'WorkOrder', additionalProperties: false });
export type WorkOrder = Static<typeof WorkOrder>;

export const PartLine = Type.Object(
  {
    model: Type.String({ minLength: 1, maxLength: 80, description: 'of the part' }),
    quantity: Type.Integer({ minimum: 1, maximum: 10_000, description: 'pieces' }),
  },
  { additionalProperties: false },
);

export const WorkOrderLogEntry = Type.Object({
  id: RecordId,
  at: Time,
  occurredAt: Time,
  by: Type.String(),
  action: Type.String(),
  text: nullable(Type.String()),
  parts: Type.Array(PartLine),
});

/** What an assignment is judged by (requirement D1). */
export const SCORE_CRITERIA = ['skill', 'load', 'location', 'shift', 'centre', 'continuity'] as const;

/** One criterion of an assignment: what it was worth and why. */
export const ScorePart = Type.Object({
  criterion: Type.Enum(SCORE_CRITERIA),
  score: Type.Number(),
  weight: Type.Number(),
  detail: LocalText,
});
export type ScorePart = Static<typeof ScorePart>;

/** Why a technician cannot be sent to an order. */
export const EXCLUSION_REASONS = [
  'no_certificate',
  'certificate_unsigned',
  'certificate_expired',
  'certificate_revoked',
  'centre_uncertified',
  'out_of_zone',
  'declined',
  'unanswered',
  'on_leave',
  'off_shift',
] as const;
export type ExclusionReason = (typeof EXCLUSION_REASONS)[number];

/** A technician as dispatch sees them for one order: ranked, or excluded for a reason. */
export const DispatchCandidate = Type.Object({
  technicianId: RecordId,
  name: Type.String(),
  centreId: nullable(RecordId),
  openOrders: Type.Integer(),
  score: nullable(Type.Number()),
  scoreParts: Type.Array(ScorePart),
  excluded: nullable(Type.Enum(EXCLUSION_REASONS)),
});
export type DispatchCandidate = Static<typeof DispatchCandidate>;

/** Body of GET /api/v1/work-orders/{id}/candidates: who would go now, the best first, then who cannot. */
export const DispatchCandidates = Type.Object({
  items: Type.Array(DispatchCandidate),
  holdReason: nullable(Type.Enum(HOLD_REASONS)),
});

/** Who was ranked how when the order was sent, as far as it is kept: the best, and some of the others. */
export const DispatchRanking = Type.Object({
  ranked: Type.Array(Type.Object({ technicianId: RecordId, score: Type.Number() })),
  excluded: Type.Array(Type.Object({ technicianId: RecordId, reason: Type.Enum(EXCLUSION_REASONS) })),
  rankedCount: Type.Integer(),
  excludedCount: Type.Integer(),
});
export type DispatchRanking = Static<typeof DispatchRanking>;

export const DispatchRecord = Type.Object({
  technicianId: RecordId,
  centreId: nullable(RecordId),
  score: nullable(Type.Number()),
  scoreParts: Type.Array(ScorePart),
  decidedAt: Time,
  decidedBy: Type.String(),
  acceptedAt: nullable(Time),
  declinedAt: nullable(Time),
  unansweredAt: nullable(Time),
  withdrawnAt: nullable(Time),
  reason: nullable(Type.String()),
});

/** How a technician answered an assignment. */
export const DISPATCH_ANSWERS = ['open', 'accepted', 'declined', 'unanswered', 'withdrawn'] as const;

/** One item of GET /api/v1/dispatches. */
export const Dispatch = Type.Object(
  {
    id: RecordId,
    workOrderId: RecordId,
    ...DispatchRecord.properties,
    ranking: nullable(DispatchRanking),
  },
  { $id: 'Dispatch', additionalProperties: false },
);
export type Dispatch = Static<typeof Dispatch>;

/** What holds for every dispatch of this installation. */
export const DispatchPolicy = Type.Object(
  {
    incompleteData: Type.Union([Type.Literal('warn'), Type.Literal('block')], {
      description: 'block: nobody is sent, or accepts, while the card names `missing` data; emergencies go',
    }),
    answerWithinMinutes: Type.Integer({
      minimum: 1,
      maximum: 1440,
      description: 'an assignment unanswered for longer is offered to the next best',
    }),
  },
  { $id: 'DispatchPolicy', additionalProperties: false },
);
export type DispatchPolicy = Static<typeof DispatchPolicy>;

/** The order card (requirements D2, D3): GET /api/v1/work-orders/{id}. `missing` names absent dispatch data. */
export const WorkOrderDetail = Type.Object(
  {
    ...ORDER_FIELDS,
    customer: nullable(Type.Object({ id: RecordId, name: Type.String() })),
    contact: nullable(Type.Object({ name: Type.String(), phone: nullable(Type.String()) })),
    site: nullable(
      Type.Object({
        name: Type.String(),
        address: nullable(Type.String()),
        zone: nullable(Type.String()),
        timeZone: Type.String(),
      }),
    ),
    unit: nullable(
      Type.Object({
        id: RecordId,
        number: Type.String(),
        model: Type.String(),
        serial: nullable(Type.String()),
      }),
    ),
    fault: nullable(
      Type.Object({
        family: Type.String(),
        code: nullable(Type.String()),
        label: LocalText,
        summary: LocalText,
        coverage: Type.String(),
        isEmergency: Type.Boolean(),
      }),
    ),
    evidence: Type.Array(
      Type.Object({ kind: Type.String(), ref: Type.String(), at: Time, text: nullable(LocalText) }),
    ),
    remoteAttempts: Type.Array(RemoteAttempt, { description: 'commands tried before anybody was sent' }),
    preliminaryCause: nullable(LocalText),
    plan: nullable(LocalText),
    confirmedCause: nullable(Type.String()),
    etaAt: nullable(Time),
    appointment: nullable(Type.Object({ from: Time, until: Time, confirmedBy: nullable(Type.String()) })),
    consent: nullable(
      Type.Object({
        requestedAt: Time,
        reason: Type.String(),
        amount: nullable(Type.Object({ amount: Type.String(), currency: Type.String() })),
        agreed: nullable(Type.Boolean()),
        by: nullable(Type.String()),
        answeredAt: nullable(Time),
      }),
    ),
    test: nullable(Type.Object({ passed: Type.Boolean(), text: nullable(Type.String()), at: Time })),
    signature: nullable(
      Type.Object({
        name: nullable(Type.String()),
        role: nullable(Type.String()),
        sha256: nullable(Type.String()),
        refusedReason: nullable(Type.String()),
        at: Time,
      }),
    ),
    callback: nullable(
      Type.Object({ at: Time, by: Type.String(), satisfied: Type.Boolean(), text: Type.String() }),
    ),
    steps: Type.Record(Type.String(), Time),
    declineCount: Type.Integer(),
    missing: Type.Array(Type.String()),
    masked: Type.Array(Type.String(), { description: 'personal data that is not for this reader now' }),
    log: Type.Array(WorkOrderLogEntry),
    dispatches: Type.Array(DispatchRecord),
    clocks: Type.Array(SlaClock),
    verificationEvidence: nullable(
      Type.Object({
        state: Type.String(),
        from: Time,
        until: Time,
        checkedAt: nullable(Time),
        evidence: Type.Record(Type.String(), Type.Unknown()),
      }),
    ),
    allowedActions: Type.Array(Type.String()),
  },
  { $id: 'WorkOrderDetail', additionalProperties: false },
);
export type WorkOrderDetail = Static<typeof WorkOrderDetail>;

/** POST /api/v1/work-orders: work on a ticket that somebody decides by hand. */
export const NewWorkOrder = Type.Object(
  { ticketId: RecordId, kind: Type.Optional(WorkOrderKindSchema) },
  { additionalProperties: false },
);
