import type { DeviceCredentials } from '#contracts/devices.ts';

/** What an air conditioner signs in with. */
export function mqttOf({ id, mqtt }: DeviceCredentials): NonNullable<DeviceCredentials['mqtt']> {
  if (mqtt === undefined) throw new Error(`${id} does not speak MQTT`);
  return mqtt;
}

/** What a charging pile signs in with. */
export function ocppOf({ id, ocpp }: DeviceCredentials): NonNullable<DeviceCredentials['ocpp']> {
  if (ocpp === undefined) throw new Error(`${id} does not speak OCPP`);
  return ocpp;
}
