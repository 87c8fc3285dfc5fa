import { createServer, type Server, type Socket } from 'node:net';
import type { Aedes } from 'aedes';
import { topicOf } from '#contracts/mqtt.ts';
import type { Clock } from '#platform/clock.ts';
import type { Metrics } from '#platform/metrics/metrics.ts';
import type { CommandCarrier } from '../commands/carrier.ts';
import type { DeviceSessions } from '../devices/sessions.ts';
import { listen } from '../listen.ts';
import { limitWrites } from '../write-limit.ts';
import { internalsOf } from './aedes-internals.ts';
import { type BrokerDeps, openBroker } from './broker.ts';
import { createMqttCarrier } from './command-carrier.ts';
import type { Backlog, Connection } from './connection.ts';
import { createPresence, type Presence } from './presence.ts';
import { type CountRefusal, createRefusalCounter } from './refusals.ts';
import { createSocketGate } from './socket-gate.ts';

export type MqttGatewayDeps = Pick<
  BrokerDeps,
  'registry' | 'secrets' | 'sink' | 'log' | 'pending' | 'deadLetter'
> & {
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly sessions: DeviceSessions;
};

export interface MqttGatewayConfig {
  readonly host: string;
  readonly port: number;
  readonly maxPayloadBytes?: number;
  readonly maxConnections?: number;
}

/** Disposing stops accepting and reading, waits for the sink to acknowledge what it has, then disconnects. */
export interface MqttGateway extends AsyncDisposable {
  readonly port: number;
  readonly connectedCount: number;
  isConnected(deviceId: string): boolean;
  /** Drops the device's connections; it may come back if it still may. */
  kick(deviceId: string): void;
  /** Sends to `devices/{id}/cmd` at QoS 1; false when the device is not connected here. */
  publishCommand(deviceId: string, payload: string): boolean;
  readonly carrier: CommandCarrier;
}

const MAX_PAYLOAD_BYTES = 262_144;
const MAX_CONNECTIONS = 20_000;
/** Topic and packet id of a PUBLISH stand before its payload. */
const TOPIC_BYTES = 1_024;
const READ_BUFFER_BYTES = 65_536;
const DRAIN_MS = 5_000;
const PINGRESP = Buffer.of(0xd0, 0);

interface State {
  readonly sockets: Set<Socket>;
  readonly backlog: Backlog;
  isStopping: boolean;
}

/** Listens for devices. A taken port is GATEWAY_PORT_TAKEN. */
export async function startMqttGateway(
  deps: MqttGatewayDeps,
  config: MqttGatewayConfig,
): Promise<MqttGateway> {
  const { registry, sink, clock, sessions } = deps;
  const state: State = {
    sockets: new Set(),
    backlog: { withheld: 0, onEmpty: undefined },
    isStopping: false,
  };
  const count = createRefusalCounter(deps.metrics);
  const presence = createPresence({ sink, clock, sessions });
  const broker = await openBroker({
    ...deps,
    presence,
    count,
    isStopping: () => state.isStopping,
  });
  const server = createServer(
    { noDelay: true, keepAlive: true, highWaterMark: READ_BUFFER_BYTES },
    (socket) =>
      admit({ ...deps, broker, presence, count, state }, socket, config.maxPayloadBytes ?? MAX_PAYLOAD_BYTES),
  );
  server.maxConnections = config.maxConnections ?? MAX_CONNECTIONS;
  server.on('drop', () => count('too_many_connections'));
  const port = await listen(server, { ...config, setting: 'MQTT_PORT' }).catch(async (error: unknown) => {
    await closeBroker(broker);
    throw error;
  });
  const kick = (deviceId: string) => {
    for (const { client } of [...presence.connectionsOf(deviceId)]) {
      count('kicked');
      client?.close();
    }
  };
  registry.onRevoked(kick);
  const publishCommand = (deviceId: string, payload: string): boolean => {
    if (!presence.isConnected(deviceId)) return false;
    const topic = topicOf(deviceId, 'cmd');
    const packet = { cmd: 'publish', topic, payload, qos: 1, retain: false, dup: false } as const;
    broker.publish(packet, () => undefined);
    return true;
  };
  return {
    port,
    get connectedCount() {
      return presence.connectedCount;
    },
    isConnected: presence.isConnected,
    kick,
    publishCommand,
    carrier: createMqttCarrier({ broker, presence, publish: publishCommand }),
    [Symbol.asyncDispose]: () => stop(broker, server, state),
  };
}

interface AdmitDeps extends MqttGatewayDeps {
  readonly broker: Aedes;
  readonly presence: Presence;
  readonly count: CountRefusal;
  readonly state: State;
}

function admit(deps: AdmitDeps, socket: Socket, maxPayloadBytes: number): void {
  const { broker, presence, count, state } = deps;
  const connection: Connection = {
    socket,
    remoteAddress: socket.remoteAddress ?? null,
    backlog: state.backlog,
    client: undefined,
    identity: undefined,
    withheld: 0,
    withheldBytes: 0,
    isExempted: false,
    isRegistered: false,
  };
  state.sockets.add(socket);
  socket.once('close', () => {
    state.sockets.delete(socket);
    if (!connection.isRegistered) presence.closed(connection);
  });
  limitWrites(socket, () => count('slow_consumer'));
  const gate = createSocketGate(socket, {
    maxPacketBytes: maxPayloadBytes + TOPIC_BYTES,
    isStopped: () => state.isStopping,
    withheld: () => connection.withheld,
    withheldBytes: () => connection.withheldBytes,
    onPings: (pings) => answerPings(connection, pings),
    onRefused: (verdict) => {
      const code = verdict === 'too_large' ? 'GATEWAY_PAYLOAD_TOO_LARGE' : 'GATEWAY_PACKET_MALFORMED';
      count(verdict === 'too_large' ? 'payload_too_large' : 'protocol_error');
      if (code === 'GATEWAY_PAYLOAD_TOO_LARGE' && connection.identity !== undefined) {
        deps.deadLetter({ deviceId: connection.identity.device.ref.id, topic: '', payload: null, code });
      }
      connection.client?.emit('error', Object.assign(new Error(code), { code }));
    },
  });
  const client = internalsOf(broker.handle(socket));
  client.connection = connection;
  connection.client = client;
  gate.drive(client);
}

function answerPings({ client, socket }: Connection, pings: number): boolean {
  if (client?.connected !== true) return false;
  for (let sent = 0; sent < pings && !socket.writableNeedDrain; sent += 1) socket.write(PINGRESP);
  client._keepaliveTimer?.refresh();
  return true;
}

async function stop(broker: Aedes, server: Server, state: State): Promise<void> {
  if (state.isStopping) return;
  state.isStopping = true;
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  if (state.backlog.withheld > 0) await drained(state.backlog);
  await new Promise((resolve) => setImmediate(resolve));
  await closeBroker(broker);
  for (const socket of state.sockets) socket.destroy();
  await closed;
}

/** Acknowledgements that do not come in time stay owed: the devices send again. */
function drained(backlog: Backlog): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, DRAIN_MS);
    backlog.onEmpty = () => {
      clearTimeout(timer);
      resolve();
    };
  });
}

function closeBroker(broker: Aedes): Promise<void> {
  return new Promise((resolve) => {
    broker.close(() => resolve());
  });
}
