import { type Static, Type } from 'typebox';
import { Component, DeviceId, RecordId } from './ids.ts';
import { SERVICE_REQUEST_STATUSES, SOURCES } from './statuses.ts';
import { Instant } from './time.ts';

const Time = Type.String({ format: 'date-time' });
const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** What a person asks for (requirement A8). */
export const REQUEST_TYPES = [
  'fault',
  'consultation',
  'complaint',
  'maintenance',
  'installation',
  'parts',
] as const;
export type RequestType = (typeof REQUEST_TYPES)[number];
const RequestTypeSchema = Type.Enum(REQUEST_TYPES);

/** The channels people use (requirement A1); a machine's report is an alarm. */
export const CHANNELS_OF_PEOPLE = SOURCES.filter((source) => source !== 'device');
const ChannelSchema = Type.Enum(CHANNELS_OF_PEOPLE);

const text = (maxLength: number) => Type.String({ maxLength });

/** What can be told now or later; all of it may be missing until the request is confirmed. */
const ANSWERS = {
  contact: Type.Optional(
    Type.Object(
      { name: Type.Optional(text(100)), phone: Type.Optional(text(40)) },
      { additionalProperties: false },
    ),
  ),
  symptom: Type.Optional(text(2000)),
  customerName: Type.Optional(text(200)),
  contractNo: Type.Optional(text(80)),
  model: Type.Optional(text(80)),
  quantity: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000 })),
  place: Type.Optional(text(300)),
  occurredAt: Type.Optional(Instant),
  expectedAt: Type.Optional(Instant),
  notes: Type.Optional(text(2000)),
};

/** POST /api/v1/service-requests. */
export const NewServiceRequest = Type.Object(
  {
    channel: ChannelSchema,
    type: Type.Optional(RequestTypeSchema),
    deviceId: Type.Optional(DeviceId),
    unitId: Type.Optional(RecordId),
    serial: Type.Optional(text(80)),
    component: Type.Optional(Component),
    faultCode: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
    faultFamily: Type.Optional(Type.String({ minLength: 1, maxLength: 80 })),
    draft: Type.Optional(Type.Boolean({ description: 'only saved: no ticket until it is received' })),
    answer: Type.Optional(text(4000)),
    ...ANSWERS,
  },
  { additionalProperties: false },
);
export type NewServiceRequest = Static<typeof NewServiceRequest>;

/** PATCH /api/v1/service-requests/{id}. */
export const ServiceRequestChange = Type.Object(
  { ...ANSWERS, serial: Type.Optional(text(80)) },
  { additionalProperties: false, minProperties: 1 },
);
export type ServiceRequestChange = Static<typeof ServiceRequestChange>;

/** One item of GET /api/v1/service-requests. `missing` names what confirming still needs. */
export const ServiceRequest = Type.Object(
  {
    id: RecordId,
    number: Type.String({ description: 'SR-000001' }),
    version: Type.Integer(),
    status: Type.Enum(SERVICE_REQUEST_STATUSES),
    type: RequestTypeSchema,
    channel: ChannelSchema,
    ticketId: nullable(RecordId),
    unitId: nullable(RecordId),
    deviceId: nullable(DeviceId),
    component: Component,
    serial: nullable(Type.String()),
    model: nullable(Type.String()),
    quantity: nullable(Type.Integer()),
    contact: Type.Object({ name: nullable(Type.String()), phone: nullable(Type.String()) }),
    customerName: nullable(Type.String()),
    contractNo: nullable(Type.String()),
    symptom: nullable(Type.String()),
    place: nullable(Type.String()),
    occurredAt: nullable(Time),
    expectedAt: nullable(Time),
    notes: nullable(Type.String()),
    answer: nullable(Type.String()),
    readBackAt: nullable(Time),
    readBackBy: nullable(Type.String()),
    identityVerified: Type.Boolean({ description: 'the caller is known at this unit (requirement A5)' }),
    receivedAt: Time,
    missing: Type.Array(Type.String()),
  },
  { $id: 'ServiceRequest', additionalProperties: false },
);
export type ServiceRequest = Static<typeof ServiceRequest>;
