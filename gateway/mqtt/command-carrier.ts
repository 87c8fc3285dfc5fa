import type { Aedes } from 'aedes';
import type { DeviceKind } from '#contracts/metrics.ts';
import { isoTime } from '#contracts/time.ts';
import type { CommandAnswer, CommandCarrier, OutgoingCommand } from '../commands/carrier.ts';
import { internalsOf } from './aedes-internals.ts';
import type { Presence } from './presence.ts';

interface CarrierDeps {
  readonly broker: Aedes;
  readonly presence: Presence;
  readonly publish: (deviceId: string, payload: string) => boolean;
}

const KIND: DeviceKind = 'ac_unit';
const SENT: CommandAnswer = { status: 'sent', detail: null, result: null };
const UNSENT: CommandAnswer = { ...SENT, status: 'unsent' };

/**
 * Commands by `devices/{id}/cmd`, at QoS 1. A device that has not subscribed to its commands would never get them: it
 * counts as not connected, and becomes reachable when it subscribes. Its answers come on `cmd/ack`, as any message.
 */
export function createMqttCarrier({ broker, presence, publish }: CarrierDeps): CommandCarrier {
  const listeners: ((deviceId: string) => void)[] = [];
  const hears = (deviceId: string) =>
    presence.connectionsOf(deviceId).some(({ client, identity, isRegistered }) => {
      const subscribed = client?.subscriptions ?? {};
      return isRegistered && identity?.topics.commands.some((topic) => topic in subscribed) === true;
    });
  broker.on('subscribe', (_subscriptions, client) => {
    const deviceId = internalsOf(client).connection.identity?.device.ref.id;
    if (deviceId === undefined || !hears(deviceId)) return;
    for (const listener of listeners) listener(deviceId);
  });
  return {
    kind: KIND,
    isConnected: hears,
    send: async (command) =>
      hears(command.deviceId) && publish(command.deviceId, payloadOf(command)) ? SENT : UNSENT,
    onReachable: (listener) => listeners.push(listener),
    onRestarted: () => undefined,
    onAnswer: () => undefined,
  };
}

function payloadOf({ id, name, args, deadlineMs }: OutgoingCommand): string {
  return JSON.stringify({ id, name, args, expiresAt: isoTime(deadlineMs) });
}
