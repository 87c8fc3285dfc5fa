import { Aedes, type AedesOptions, type Client, type PublishPacket } from 'aedes';
import type { RawSink } from '#contracts/raw-message.ts';
import type { SecretHasher } from '#platform/auth/secrets.ts';
import type { Clock } from '#platform/clock.ts';
import type { Logger } from '#platform/log.ts';
import type { PendingDevices } from '../devices/pending.ts';
import type { DeviceRegistry } from '../devices/registry.ts';
import { internalsOf } from './aedes-internals.ts';
import {
  adoptKeepalive,
  type Connection,
  channelOf,
  createIdentity,
  type Identity,
  isBelow,
  WithheldMessage,
} from './connection.ts';
import type { Presence } from './presence.ts';
import type { CountRefusal, RefusalReason } from './refusals.ts';
import { routeStateOnly } from './state-routing.ts';

/** A message that no channel takes. `payload` is its first 16 KB; null: it was never read. */
export interface RefusedMessage {
  readonly deviceId: string;
  readonly topic: string;
  readonly payload: Buffer | null;
  readonly code: 'GATEWAY_TOPIC_FORBIDDEN' | 'GATEWAY_TOPIC_UNKNOWN' | 'GATEWAY_PAYLOAD_TOO_LARGE';
}

export interface BrokerDeps {
  readonly registry: DeviceRegistry;
  readonly secrets: SecretHasher;
  readonly sink: RawSink;
  readonly clock: Clock;
  readonly log: Logger;
  readonly pending: PendingDevices;
  readonly presence: Presence;
  readonly count: CountRefusal;
  readonly deadLetter: (message: RefusedMessage) => void;
  readonly isStopping: () => boolean;
}

const CONNECT_TIMEOUT_MS = 10_000;
const BAD_PASSWORD = 4;
const NOT_AUTHORIZED = 5;
/** CONNACK of MQTT 5: unsupported protocol version, with a reason string. */
const USE_MQTT_311 = mqtt5Refusal('use MQTT 3.1.1');
/** How long a device may leave the full buffer of its socket unread. */
const UNREAD_TIMEOUT_MS = 30_000;
/** No limit: the broker's queue for it stops everybody for one slow reader, and unwinds by recursion. */
const ROUTING_CONCURRENCY = 0;
/** What a refused message is kept with; copied, so that it does not pin the receive buffer. */
const MAX_REFUSED_BYTES = 16_384;
/** Packets that a device may send along with CONNECT, before the answer. */
const MAX_EARLY_PACKETS = 1_000;

/**
 * The broker with our rules: who may connect, what a device may publish and subscribe to, and that a message is
 * acknowledged when the sink says so.
 */
export async function openBroker(deps: BrokerDeps): Promise<Aedes> {
  const broker = await Aedes.createBroker({
    connectTimeout: CONNECT_TIMEOUT_MS,
    queueLimit: MAX_EARLY_PACKETS,
    concurrency: ROUTING_CONCURRENCY,
    drainTimeout: UNREAD_TIMEOUT_MS,
    preConnect: refuseMqtt5(deps),
    authenticate: authenticate(deps),
    authorizePublish: (client, packet, done) => {
      if (client === null) done();
      else takeMessage(deps, internalsOf(client).connection, { packet, done });
    },
    authorizeSubscribe: (client, subscription, done) => {
      const topics = internalsOf(client).connection.identity?.topics;
      const isOwn = topics?.subscribable.has(subscription.topic) === true;
      if (!isOwn) deps.count('subscription_forbidden');
      done(null, isOwn ? subscription : null);
    },
  });
  routeStateOnly(broker, deps.count);
  watch(broker, deps);
  return broker;
}

function watch(broker: Aedes, deps: BrokerDeps): void {
  broker.on('client', (client) => {
    const connection = internalsOf(client).connection;
    if (client.closed) return;
    deps.presence.registered(connection);
    adoptKeepalive(connection, () => deps.count('keepalive_timeout'));
  });
  broker.on('clientDisconnect', (client) => deps.presence.closed(internalsOf(client).connection));
  const failed = (client: Client, error: Error) => {
    if (client.closed) return;
    if (error.message === 'drain timeout') deps.count('slow_consumer');
    else if (!('errorCode' in error || 'code' in error)) deps.count('protocol_error');
    deps.log.debug({ err: error }, 'MQTT connection failed');
  };
  broker.on('clientError', failed);
  broker.on('connectionError', failed);
  const emitter: NodeJS.EventEmitter = broker;
  emitter.on('error', (error: Error) => deps.log.error({ err: error }, 'MQTT broker failed'));
}

interface Publish {
  readonly packet: PublishPacket;
  readonly done: (error?: Error | null) => void;
}

/** Hot path: every message of every device. */
function takeMessage(deps: BrokerDeps, connection: Connection, { packet, done }: Publish): void {
  const { identity, client } = connection;
  if (identity === undefined) {
    done(new Error('not signed in'));
    return;
  }
  const isWill = packet === client?.will;
  if (isWill && !speaksStill(deps, connection)) {
    done(new Error('this will does not hold any more'));
    return;
  }
  const channel = channelOf(identity, packet.topic);
  if (channel === undefined) {
    refuseTopic(deps, identity, packet);
    done();
    return;
  }
  const receivedAtMs = deps.clock.nowMs();
  deps.sink.accept(
    new WithheldMessage(connection, packet, { identity, channel, receivedAtMs, isWill, done }),
  );
}

/** A will says that the device is gone; not so when it has connected anew, or when it is we who leave. */
function speaksStill({ presence, count, isStopping }: BrokerDeps, connection: Connection): boolean {
  if (isStopping()) return false;
  if (!presence.isSuperseded(connection)) return true;
  count('will_superseded');
  return false;
}

function refuseTopic(deps: BrokerDeps, { device }: Identity, { topic, payload }: PublishPacket): void {
  const isOwn = isBelow(device.ref.id, topic);
  const code = isOwn ? 'GATEWAY_TOPIC_UNKNOWN' : 'GATEWAY_TOPIC_FORBIDDEN';
  deps.count(isOwn ? 'topic_unknown' : 'topic_forbidden');
  const kept = Buffer.from((payload as Buffer).subarray(0, MAX_REFUSED_BYTES));
  deps.deadLetter({ deviceId: device.ref.id, topic, payload: kept, code });
}

function authenticate(deps: BrokerDeps): NonNullable<AedesOptions['authenticate']> {
  const { registry, secrets, pending, presence, count } = deps;
  // biome-ignore lint/complexity/useMaxParams: the broker's own signature
  return (client, username, password, done) => {
    const connection = internalsOf(client).connection;
    const refuse = (reason: RefusalReason, returnCode: number) => {
      count(reason);
      done(Object.assign(new Error(reason), { returnCode }), null);
    };
    const device = username === undefined ? undefined : registry.findByUsername(username);
    if (device === undefined) {
      if (username !== undefined) pending.seen(username, 'mqtt', connection.remoteAddress);
      return refuse('unknown_identity', NOT_AUTHORIZED);
    }
    if (!secrets.verify(password?.toString() ?? '', device.secretHash)) {
      return refuse('wrong_password', BAD_PASSWORD);
    }
    if (!device.isEnabled) return refuse('device_disabled', NOT_AUTHORIZED);
    if (device.ref.kind === 'charging_pile') return refuse('other_wire', NOT_AUTHORIZED);
    connection.identity = createIdentity(device, client.id);
    internalsOf(client).id = connection.identity.session;
    presence.signedIn(connection);
    done(null, true);
  };
}

/**
 * MQTT 5 is refused in its own words. Sessions are not kept over a disconnect: a device sends again what was not
 * acknowledged, and a free choice of client ids must not fill our memory.
 */
function refuseMqtt5({ log, count }: BrokerDeps): NonNullable<AedesOptions['preConnect']> {
  let isTold = false;
  return (client, packet, done) => {
    if (packet.protocolVersion !== 5) {
      packet.clean = true;
      return done(null, true);
    }
    count('mqtt_version');
    if (!isTold) log.warn('a device tried MQTT 5 and was refused: devices must use 3.1.1');
    isTold = true;
    client.conn.end(USE_MQTT_311, () => client.close());
  };
}

function mqtt5Refusal(reason: string): Buffer {
  const text = Buffer.from(reason);
  const property = Buffer.concat([Buffer.of(0x1f, 0, text.length), text]);
  const body = Buffer.concat([Buffer.of(0, 0x84, property.length), property]);
  return Buffer.concat([Buffer.of(0x20, body.length), body]);
}
