import type { Channel } from './mqtt.ts';
import type { DeviceRef } from './point-batch.ts';

/**
 * Bytes from a device, untrusted, with their envelope. `payload` is a view of a receive buffer: copy what is
 * kept. `session` is the device's MQTT session (identity and client id), the same after a reconnect.
 *
 * `acknowledge` is called exactly once, after the message is durable; an error drops the connection, so that
 * the device sends again. Until then the device waits and its connection is not read past a bound.
 */
export interface RawMessage {
  readonly protocol: 'mqtt';
  readonly device: DeviceRef;
  readonly channel: Channel;
  readonly payload: Buffer;
  readonly receivedAtMs: number;
  readonly isDuplicateFlagged: boolean;
  readonly packetId: number;
  readonly session: string;
  readonly qos: 0 | 1 | 2;
  acknowledge(error?: Error | null): void;
}

/** Where a gateway puts what devices say. Called on the hot path, in the order of arrival. */
export interface RawSink {
  accept(message: RawMessage): void;
  presence(device: DeviceRef, isOnline: boolean, atMs: number): void;
}
