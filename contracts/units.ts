import { type Static, Type } from 'typebox';
import { Contact, Customer, Site } from './customers.ts';
import { DeviceId, RecordId } from './ids.ts';
import { DEVICE_KINDS } from './metrics.ts';
import { Instant, IsoTime } from './time.ts';

/** Whether a unit is at work; `suspended` by decision (a hazard), `retired` for good. */
export const UNIT_STATUSES = ['in_service', 'suspended', 'retired'] as const;
export const UnitStatus = Type.Enum(UNIT_STATUSES);
export type UnitStatus = (typeof UNIT_STATUSES)[number];

const Kind = Type.Enum(DEVICE_KINDS);
const Model = Type.String({ minLength: 1, maxLength: 64 });
const Serial = Type.String({ minLength: 1, maxLength: 64 });
const Labels = Type.Record(Type.String({ pattern: '^[a-z0-9_.-]{1,64}$' }), Type.String({ maxLength: 200 }), {
  additionalProperties: false,
  maxProperties: 32,
});

const OrNull = <T extends Parameters<typeof Type.Optional>[0]>(schema: T) =>
  Type.Union([schema, Type.Null()]);

export const Unit = Type.Object({
  id: RecordId,
  number: Type.String(),
  serial: OrNull(Type.String()),
  kind: Type.String(),
  model: Type.String(),
  siteId: OrNull(RecordId),
  customerId: OrNull(RecordId),
  deviceIds: Type.Array(Type.String(), { description: 'devices bound now' }),
  labels: Type.Record(Type.String(), Type.String()),
  status: UnitStatus,
  warrantyUntil: OrNull(IsoTime),
  version: Type.Integer(),
  createdAt: IsoTime,
});
export type Unit = Static<typeof Unit>;

/** Which device spoke for the unit, from when to when; `unboundAt` null: it does now. */
const DeviceBinding = Type.Object({
  deviceId: DeviceId,
  boundAt: IsoTime,
  unboundAt: OrNull(IsoTime),
});

/** Answer of GET /api/v1/units/{id}. */
export const UnitDetail = Type.Object({
  ...Unit.properties,
  bindings: Type.Array(DeviceBinding),
  site: OrNull(Site),
  customer: OrNull(Customer),
});
export type UnitDetail = Static<typeof UnitDetail>;

/** Answer of GET /api/v1/customers/{id}: the customer's file (requirement B1). */
export const CustomerFile = Type.Object({
  ...Customer.properties,
  contacts: Type.Array(Contact),
  sites: Type.Array(Site),
  units: Type.Array(Unit),
});
export type CustomerFile = Static<typeof CustomerFile>;

/** Body of POST /api/v1/units. */
export const NewUnit = Type.Object(
  {
    kind: Kind,
    model: Model,
    serial: Type.Optional(Serial),
    siteId: Type.Optional(RecordId),
    customerId: Type.Optional(RecordId),
    labels: Type.Optional(Labels),
    warrantyUntil: Type.Optional(Instant),
  },
  { additionalProperties: false },
);
export type NewUnit = Static<typeof NewUnit>;

/** Body of PATCH /api/v1/units/{id}. */
export const UnitChange = Type.Object(
  {
    model: Type.Optional(Model),
    serial: Type.Optional(OrNull(Serial)),
    siteId: Type.Optional(OrNull(RecordId)),
    customerId: Type.Optional(OrNull(RecordId)),
    labels: Type.Optional(Labels),
    status: Type.Optional(UnitStatus),
    warrantyUntil: Type.Optional(OrNull(Instant)),
  },
  { additionalProperties: false, minProperties: 1 },
);
export type UnitChange = Static<typeof UnitChange>;
