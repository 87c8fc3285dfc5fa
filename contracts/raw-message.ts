import type { Channel } from './mqtt.ts';
import type { DeviceRef } from './point-batch.ts';

/**
 * Untrusted bytes with their envelope, as received. `session` names the connection's MQTT session;
 * `acknowledge` is called exactly once, when the message is on disk or was refused for good.
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
  readonly acknowledge: (error?: Error | null) => void;
}

/** Where a gateway puts what it received. Neither call blocks or throws; backpressure is the withheld acknowledgement. */
export interface RawSink {
  accept(message: RawMessage): void;
  presence(device: DeviceRef, isOnline: boolean, atMs: number): void;
}
