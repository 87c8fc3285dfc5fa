import { COMMAND_ENDS } from '#contracts/commands.ts';
import type { DomainEvent } from '#contracts/events.ts';
import type { Bus } from '#platform/bus/bus.ts';
import type { Consumer } from '#platform/outbox/outbox.ts';

/** Bus channel that says which device has a command to be claimed: `{ deviceId }`. */
export const COMMANDS_CHANNEL = 'commands';

/** Tells every node that a device's next command may go: one was queued, or the one in hand has ended. */
export function createCommandWaker({ bus }: { readonly bus: Bus }): Consumer {
  return {
    name: 'commands.wake',
    events: ['command.changed'],
    handle: async (_tx, events) => {
      for (const deviceId of new Set(events.flatMap(wakenBy))) bus.publish(COMMANDS_CHANNEL, { deviceId });
    },
  };
}

function wakenBy({ type, data }: DomainEvent): readonly string[] {
  if (type !== 'command.changed') return [];
  const { deviceId, status } = data as DomainEvent<'command.changed'>['data'];
  return status === 'queued' || COMMAND_ENDS.has(status) ? [deviceId] : [];
}

/** The device of a message on the channel; undefined for what is no such message. */
export function deviceOfWake(payload: unknown): string | undefined {
  if (typeof payload !== 'object' || payload === null || !('deviceId' in payload)) return undefined;
  return typeof payload.deviceId === 'string' ? payload.deviceId : undefined;
}
