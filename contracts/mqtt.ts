import { Type } from 'typebox';
import { Component } from './ids.ts';

/** What a device says; the last level(s) of its topic `devices/{deviceId}/…`. */
export const CHANNELS = ['telemetry', 'state', 'fault', 'cmd/ack'] as const;
export type Channel = (typeof CHANNELS)[number];

export const TOPIC_ROOT = 'devices/';

export function topicOf(deviceId: string, channel: Channel | 'cmd'): string {
  return `${TOPIC_ROOT}${deviceId}/${channel}`;
}

/** `devices/{deviceId}/state`, retained. `faults`, where given, resyncs what was lost. */
export const StateMessage = Type.Object({
  online: Type.Boolean(),
  session: Type.Optional(Type.String({ maxLength: 64 })),
  fw: Type.Optional(Type.String({ maxLength: 64 })),
  faults: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 64 }), { maxItems: 64 })),
  ts: Type.Optional(Type.Number()),
});

/** `devices/{deviceId}/fault`. */
export const FaultMessage = Type.Object({
  ts: Type.Optional(Type.Number()),
  component: Type.Optional(Component),
  code: Type.String({ minLength: 1, maxLength: 64 }),
  state: Type.Union([Type.Literal('raised'), Type.Literal('cleared')]),
  detail: Type.Optional(Type.String({ maxLength: 500 })),
});

/** `devices/{deviceId}/cmd/ack`: what became of the command of that id. */
export const CommandAnswer = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 64 }),
  status: Type.Enum(['accepted', 'done', 'failed', 'rejected']),
  detail: Type.Optional(Type.String({ maxLength: 500 })),
});
