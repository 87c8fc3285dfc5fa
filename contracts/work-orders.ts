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
export const HOLD_REASONS = ['not_due', 'no_skill', 'all_declined'] as const;
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

/** One criterion of an assignment: what it was worth and why (requirement D1). */
export const ScorePart = Type.Object({
  criterion: Type.Union([
    Type.Literal('skill'),
    Type.Literal('load'),
    Type.Literal('location'),
    Type.Literal('continuity'),
  ]),
  score: Type.Number(),
  weight: Type.Number(),
  detail: Type.String(),
});
export type ScorePart = Static<typeof ScorePart>;

export const DispatchRecord = Type.Object({
  technicianId: RecordId,
  score: nullable(Type.Number()),
  scoreParts: Type.Array(ScorePart),
  decidedAt: Time,
  decidedBy: Type.String(),
  acceptedAt: nullable(Time),
  declinedAt: nullable(Time),
  reason: nullable(Type.String()),
});

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
