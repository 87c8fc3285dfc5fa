import type { Aedes, PublishPacket } from 'aedes';
import { type BrokerClient, interceptPublish, retain } from './aedes-internals.ts';
import type { CountRefusal } from './refusals.ts';

/** A state message is small; one that is not reaches the sink and goes no further. */
const MAX_STATE_BYTES = 8_192;
/** Deliveries a device may have under way to subscribers that read slowly. */
const MAX_UNDER_WAY = 32;

/**
 * Only a device's own state is routed and retained, and nobody waits for it: who publishes is answered at once, and
 * what subscribers are too slow for is left out, though the latest is still retained.
 */
export function routeStateOnly(broker: Aedes, count: CountRefusal): void {
  const underWay = new Map<string, number>();
  const ended = (topic: string) => {
    const left = (underWay.get(topic) ?? 1) - 1;
    if (left === 0) underWay.delete(topic);
    else underWay.set(topic, left);
  };
  interceptPublish(broker, (route) => {
    const routeState = (packet: PublishPacket, client: BrokerClient) => {
      if (packet.payload.length > MAX_STATE_BYTES) return count('state_too_large');
      const { topic } = packet;
      const copy = { ...packet, payload: Buffer.from(packet.payload as Buffer) };
      const before = underWay.get(topic) ?? 0;
      if (before < MAX_UNDER_WAY) {
        underWay.set(topic, before + 1);
        return route(copy, client, () => ended(topic));
      }
      count('state_not_routed');
      if (copy.retain) retain(broker, copy);
    };
    return (packet, client, done) => {
      if (client === null || client === undefined) return route(packet, client, done);
      if (packet.topic === client.connection.identity?.topics.state) routeState(packet, client);
      done(null);
    };
  });
}
