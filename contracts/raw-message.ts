import { CHANNELS } from './mqtt.ts';
import type { DeviceRef } from './point-batch.ts';

/** The wires devices speak over. */
export const PROTOCOLS = ['mqtt', 'ocpp'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/**
 * How the payload is to be read: an MQTT channel, or `ocpp` for a call as `contracts/ocpp.ts` writes it. The
 * durable log keeps the position: only ever add at the end.
 */
export const MESSAGE_CHANNELS = [...CHANNELS, 'ocpp'] as const;
export type MessageChannel = (typeof MESSAGE_CHANNELS)[number];

/**
 * Bytes from a device, untrusted, with their envelope. `payload` is a view of a receive buffer: copy what is
 * kept. `session` is the device's MQTT session (identity and client id), the same after a reconnect; of an OCPP call
 * the station and the call's message id.
 *
 * `acknowledge` is called exactly once, after the message is durable; an error drops the connection, so that
 * the device sends again. Until then the device waits and its connection is not read past a bound.
 */
export interface RawMessage {
  readonly protocol: Protocol;
  readonly device: DeviceRef;
  readonly channel: MessageChannel;
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
