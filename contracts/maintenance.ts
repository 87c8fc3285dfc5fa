import { type Static, Type } from 'typebox';
import { Reason } from './alarms.ts';
import { Component, RecordId } from './ids.ts';
import { Instant, IsoTime } from './time.ts';

/** A paused plan keeps its date and opens nothing. */
export const MAINTENANCE_PLAN_STATUSES = ['active', 'paused'] as const;
const PlanStatus = Type.Enum(MAINTENANCE_PLAN_STATUSES);
export type MaintenancePlanStatus = (typeof MAINTENANCE_PLAN_STATUSES)[number];

const OrNull = <T extends Parameters<typeof Type.Optional>[0]>(schema: T) =>
  Type.Union([schema, Type.Null()]);
const LeadDays = Type.Integer({
  minimum: 0,
  maximum: 365,
  description: 'days before the due date that the work order opens',
});

/** The last forecast, as HTTP gives it. */
const PlanPrognosis = Type.Object({
  state: Type.Enum(['trend', 'no_trend', 'insufficient_data']),
  samples: Type.Integer(),
  currentValue: OrNull(Type.Number()),
  slopePerDay: OrNull(Type.Number()),
  p10At: OrNull(IsoTime),
  p50At: OrNull(IsoTime),
  p90At: OrNull(IsoTime),
});

/** One item of GET /api/v1/maintenance-plans. */
export const MaintenancePlan = Type.Object({
  id: RecordId,
  number: Type.String(),
  unitId: RecordId,
  deviceId: OrNull(Type.String()),
  templateId: Type.String(),
  component: Type.String(),
  metric: Type.String(),
  limit: Type.Number(),
  direction: Type.Enum(['rising', 'falling']),
  leadDays: Type.Integer(),
  intervalDays: Type.Integer(),
  lastDoneAt: OrNull(IsoTime),
  dueAt: IsoTime,
  dueReason: Reason,
  prognosis: OrNull(PlanPrognosis),
  nextCheckAt: IsoTime,
  workOrderId: OrNull(RecordId),
  status: PlanStatus,
  version: Type.Integer(),
  createdAt: IsoTime,
});
export type MaintenancePlan = Static<typeof MaintenancePlan>;

/** Body of POST /api/v1/maintenance-plans: a plan for a unit, from a template. */
export const NewMaintenancePlan = Type.Object(
  {
    unitId: RecordId,
    templateId: Type.String({ minLength: 1, maxLength: 64 }),
    component: Type.Optional(Component),
    leadDays: Type.Optional(LeadDays),
    intervalDays: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 3650,
        description: "days from one to the next; default: the template's",
      }),
    ),
  },
  { additionalProperties: false },
);
export type NewMaintenancePlan = Static<typeof NewMaintenancePlan>;

/** Body of PATCH /api/v1/maintenance-plans/{id}. `dueAt` null gives the date back to interval and trend. */
export const MaintenancePlanChange = Type.Object(
  {
    status: Type.Optional(PlanStatus),
    leadDays: Type.Optional(LeadDays),
    dueAt: Type.Optional(OrNull(Instant)),
  },
  { additionalProperties: false, minProperties: 1 },
);
export type MaintenancePlanChange = Static<typeof MaintenancePlanChange>;
