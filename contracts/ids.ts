import { type Static, Type } from 'typebox';

/** Identity of a device: chosen by whoever registers it, safe in topics, URLs and SQL literals. */
export const DeviceId = Type.String({
  pattern: '^[A-Za-z0-9*_=:|@.-]{1,64}$',
  description: 'id of a device, as it was registered',
});
export type DeviceId = Static<typeof DeviceId>;

/** Part of a device concerned: `""` is the device as a whole, else e.g. `idu-3` or `connector-1`. */
export const Component = Type.String({
  pattern: '^[a-z0-9-]{0,32}$',
  description: 'part of the device, e.g. idu-3; empty: the whole',
});
export type Component = Static<typeof Component>;

/** UUIDv7 of a record we made. */
export const RecordId = Type.String({ format: 'uuid' });

const DEVICE_ID = /^[A-Za-z0-9*_=:|@.-]{1,64}$/;
const COMPONENT = /^[a-z0-9-]{0,32}$/;

export function isDeviceId(text: string): boolean {
  return DEVICE_ID.test(text);
}

export function isComponent(text: string): boolean {
  return COMPONENT.test(text);
}
