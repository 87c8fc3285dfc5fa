import { type Static, Type } from 'typebox';
import { DeviceId, RecordId } from './ids.ts';
import { OcppCredentials } from './ocpp.ts';
import { IsoTime } from './time.ts';

const Labels = Type.Record(Type.String({ pattern: '^[a-z0-9_.-]{1,64}$' }), Type.String({ maxLength: 200 }), {
  additionalProperties: false,
  maxProperties: 32,
});

const shape = {
  kind: Type.String({ maxLength: 32, description: 'ac_unit or charging_pile' }),
  model: Type.String({ maxLength: 64, description: 'id of a device model' }),
  unitId: Type.Optional(RecordId),
  siteId: Type.Optional(RecordId),
  serial: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  labels: Type.Optional(Labels),
};

/** Body of POST /api/v1/devices. The unit is created unless `unitId` names one. */
export const NewDevice = Type.Object({ id: DeviceId, ...shape }, { additionalProperties: false });
export type NewDevice = Static<typeof NewDevice>;

/** Body of POST /api/v1/devices/pending/{identity}/approve: the id is the identity that tried to connect. */
export const PendingApproval = Type.Object(shape, { additionalProperties: false });
export type PendingApproval = Static<typeof PendingApproval>;

/** What a device signs in with. The password is shown once; we keep only its hash. */
export const MqttCredentials = Type.Object({ username: Type.String(), password: Type.String() });

/** Answer to a registration: `mqtt` for an air conditioner, `ocpp` for a charging pile. */
export const DeviceCredentials = Type.Object({
  id: DeviceId,
  unitId: RecordId,
  mqtt: Type.Optional(MqttCredentials),
  ocpp: Type.Optional(OcppCredentials),
});
export type DeviceCredentials = Static<typeof DeviceCredentials>;

const nullable = <T extends Parameters<typeof Type.Optional>[0]>(schema: T) =>
  Type.Union([schema, Type.Null()]);

/** A device as lists and GET show it. */
export const Device = Type.Object({
  id: DeviceId,
  kind: Type.String(),
  model: Type.String(),
  unitId: RecordId,
  siteId: nullable(RecordId),
  labels: Labels,
  isEnabled: Type.Boolean(),
  isConnected: Type.Boolean(),
  lastConnectedAt: nullable(IsoTime),
  version: Type.Integer(),
});
export type Device = Static<typeof Device>;

/** Body of PATCH /api/v1/devices/{id}. Disabling drops the device's connections. */
export const DeviceChange = Type.Object(
  {
    labels: Type.Optional(Labels),
    siteId: Type.Optional(nullable(RecordId)),
    isEnabled: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false, minProperties: 1 },
);
export type DeviceChange = Static<typeof DeviceChange>;

/** An identity nobody registered that tried to connect. */
export const PendingDevice = Type.Object({
  identity: DeviceId,
  protocol: Type.String(),
  firstSeenAt: IsoTime,
  lastSeenAt: IsoTime,
  attempts: Type.Integer(),
  remoteAddress: nullable(Type.String()),
});
export type PendingDevice = Static<typeof PendingDevice>;
