import type { Socket } from 'node:net';
import type { Aedes, Client, PublishPacket } from 'aedes';
import type { Connection } from './connection.ts';

/** What we use of aedes 1.2 that its typings leave out. A new version of aedes is checked against this list. */
export interface BrokerClient extends Omit<Client, 'emit' | 'id' | 'conn'> {
  id: string | null;
  readonly conn: Socket;
  /** The will that a broken connection publishes; the same object is handed to `authorizePublish`. */
  readonly will: PublishPacket | null;
  /** Refreshed by aedes at each packet; cleared when the connection closes. */
  _keepaliveTimer: NodeJS.Timeout | null;
  readonly _keepaliveInterval: number;
  /** Takes the next chunk from the socket once the packets of the last are handled. */
  readonly _nextBatch: () => void;
  /** By topic, what it hears now. */
  readonly subscriptions: Readonly<Record<string, unknown>>;
  /** Ours: set as soon as the broker has the socket. */
  connection: Connection;
  emit(event: 'error', error: Error): boolean;
}

/** The same client, with what the typings leave out. */
export function internalsOf(client: Client): BrokerClient {
  return client as unknown as BrokerClient;
}

export type PublishDone = (error?: Error | null) => void;

/** aedes calls its own `publish` with the client that a message came from. */
type BrokerPublish = (packet: PublishPacket, client: BrokerClient | null, done: PublishDone) => void;

/** Keeps `packet` for later subscribers of its topic, as routing does, but tells nobody of it now. */
export function retain(broker: Aedes, packet: PublishPacket): void {
  const { persistence } = broker as unknown as {
    readonly persistence: { storeRetained(packet: PublishPacket): Promise<void> };
  };
  persistence.storeRetained(packet).catch((error: unknown) => broker.emit('error', error));
}

/** Puts `wrap` in front of the broker's routing, retention and offline queues. */
export function interceptPublish(broker: Aedes, wrap: (route: BrokerPublish) => BrokerPublish): void {
  const internals = broker as unknown as { publish: (...args: unknown[]) => void };
  const original = internals.publish.bind(broker);
  const wrapped = wrap(original);
  internals.publish = (packet, clientOrDone, done) => {
    if (typeof clientOrDone === 'function') original(packet, clientOrDone);
    else if (done === undefined) original(packet, clientOrDone);
    else wrapped(packet as PublishPacket, clientOrDone as BrokerClient | null, done as PublishDone);
  };
}
