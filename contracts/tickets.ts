import { type Static, Type } from 'typebox';
import { Component, DeviceId, RecordId } from './ids.ts';
import { RemoteAttempt, RemoteRun } from './playbooks.ts';
import { LEVELS, Priority } from './priority.ts';
import { SlaClock } from './sla.ts';
import { RESOLUTIONS, SOURCES, TICKET_STATUSES } from './statuses.ts';
import { LocalText } from './text.ts';

const Time = Type.String({ format: 'date-time' });
const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** What kind of work a ticket asks for (requirement C3). */
export const TICKET_CATEGORIES = [
  'emergency_repair',
  'general_troubleshooting',
  'preventive_maintenance',
  'technical_consultation',
  'spare_part_replacement',
] as const;
export type TicketCategory = (typeof TICKET_CATEGORIES)[number];

export const COVERAGES = ['in_warranty', 'out_of_warranty', 'unknown'] as const;
export type Coverage = (typeof COVERAGES)[number];

export const TicketStatusSchema = Type.Enum(TICKET_STATUSES);
export const SourceSchema = Type.Enum(SOURCES);
export const LevelSchema = Type.Enum(LEVELS);
const ResolutionSchema = Type.Enum(RESOLUTIONS);
const CategorySchema = Type.Enum(TICKET_CATEGORIES);
const CoverageSchema = Type.Enum(COVERAGES);

const TICKET_FIELDS = {
  id: RecordId,
  number: Type.String({ description: 'TK-000001' }),
  version: Type.Integer(),
  unitId: nullable(RecordId),
  deviceId: nullable(DeviceId),
  component: Component,
  status: TicketStatusSchema,
  resolution: nullable(ResolutionSchema),
  priority: Priority,
  source: SourceSchema,
  category: CategorySchema,
  isEmergency: Type.Boolean(),
  faultFamily: Type.String(),
  faultCode: nullable(Type.String()),
  summary: LocalText,
  openedAt: Time,
  resolvedAt: nullable(Time),
  closedAt: nullable(Time),
  workOrderIds: Type.Array(RecordId),
};

/** One item of GET /api/v1/tickets. */
export const Ticket = Type.Object(TICKET_FIELDS, { $id: 'Ticket', additionalProperties: false });
export type Ticket = Static<typeof Ticket>;

/** Something that attached to a ticket: an alarm or a person's request about the same fault. */
export const TicketReport = Type.Object({
  kind: Type.Union([Type.Literal('alarm'), Type.Literal('request')]),
  ref: Type.String({ description: 'id of the alarm or service request' }),
  source: SourceSchema,
  at: Time,
  clearedAt: nullable(Time),
  text: nullable(LocalText),
});

export const TimelineEntry = Type.Object({
  at: Time,
  action: Type.String(),
  from: nullable(Type.String()),
  to: nullable(Type.String()),
  by: Type.String({ description: "a user's id, or system:name" }),
  reason: nullable(Type.String()),
});

/** GET /api/v1/tickets/{id}. */
export const TicketDetail = Type.Object(
  {
    ...TICKET_FIELDS,
    impact: LevelSchema,
    urgency: LevelSchema,
    coverage: CoverageSchema,
    onSite: nullable(Type.Boolean()),
    assessedBy: nullable(Type.String()),
    assessedAt: nullable(Time),
    preliminaryCause: nullable(LocalText),
    plan: nullable(LocalText),
    allowedActions: Type.Array(Type.String()),
    reports: Type.Array(TicketReport),
    reportCount: Type.Integer({ description: 'all reports; the list holds the first 100' }),
    timeline: Type.Array(TimelineEntry),
    clocks: Type.Array(SlaClock),
    remoteRuns: Type.Array(RemoteRun, { description: 'remote repairs, the first one first' }),
    remoteAttempts: Type.Array(RemoteAttempt, { description: 'the commands of all of them' }),
  },
  { $id: 'TicketDetail', additionalProperties: false },
);
export type TicketDetail = Static<typeof TicketDetail>;

/** POST /api/v1/tickets/{id}/assess: the four fields of requirement C2, and whether somebody must go. */
export const AssessTicket = Type.Object(
  {
    category: CategorySchema,
    impact: LevelSchema,
    urgency: LevelSchema,
    coverage: Type.Union([Type.Literal('in_warranty'), Type.Literal('out_of_warranty')]),
    onSite: Type.Optional(
      Type.Boolean({ description: 'true (default) opens a work order where there is none' }),
    ),
    faultFamily: Type.Optional(Type.String({ minLength: 1, maxLength: 80 })),
    preliminaryCause: Type.Optional(Type.String({ minLength: 1, maxLength: 1000 })),
    plan: Type.Optional(Type.String({ minLength: 1, maxLength: 1000 })),
  },
  { additionalProperties: false },
);
export type AssessTicket = Static<typeof AssessTicket>;
