import type { DeviceRef } from '#contracts/point-batch.ts';
import type { RawMessage, RawSink } from '#contracts/raw-message.ts';

/** A sink that keeps what it gets; it acknowledges at once unless it is told to hold. */
export interface RecordingSink extends RawSink {
  readonly messages: { device: DeviceRef; channel: string; text: string; message: RawMessage }[];
  readonly presences: string[];
  hold(): void;
  /** Acknowledges what is held, with the error if there is one. */
  release(error?: Error): void;
}

export function createRecordingSink(): RecordingSink {
  let held: RawMessage[] | undefined;
  const messages: RecordingSink['messages'] = [];
  const presences: string[] = [];
  return {
    messages,
    presences,
    accept: (message) => {
      const { device, channel, payload } = message;
      messages.push({ device, channel, text: payload.toString(), message });
      if (held === undefined) message.acknowledge();
      else held.push(message);
    },
    presence: (device, isOnline) => presences.push(`${device.id} ${isOnline ? 'online' : 'offline'}`),
    hold: () => {
      held ??= [];
    },
    release: (error) => {
      const waiting = held ?? [];
      held = undefined;
      for (const message of waiting) message.acknowledge(error);
    },
  };
}
