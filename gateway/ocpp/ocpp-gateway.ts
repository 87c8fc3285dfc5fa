import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { RawSink } from '#contracts/raw-message.ts';
import type { SecretHasher } from '#platform/auth/secrets.ts';
import type { Clock } from '#platform/clock.ts';
import type { Logger } from '#platform/log.ts';
import type { Metrics } from '#platform/metrics/metrics.ts';
import type { CommandCarrier } from '../commands/carrier.ts';
import type { PendingDevices } from '../devices/pending.ts';
import type { DeviceRegistry } from '../devices/registry.ts';
import type { DeviceSessions } from '../devices/sessions.ts';
import { listen } from '../listen.ts';
import { limitWrites } from '../write-limit.ts';
import { createAdmission } from './admission.ts';
import type { AnswerDeps } from './answer-call.ts';
import { type Backlog, createBacklog } from './backlog.ts';
import { createBootGate } from './boot-gate.ts';
import type { ChargingFacts } from './charging-facts.ts';
import type { RefusedCall } from './dead-letters.ts';
import { startLiveness } from './liveness.ts';
import { createOcppCarrier, type OcppCarrier } from './ocpp-carrier.ts';
import { createRpcServer, type RpcServer } from './ocpp-rpc.ts';
import { type Counters, createCounters } from './refusals.ts';
import { createSessionsRunning } from './sessions-running.ts';
import { createStationListener } from './station-listener.ts';
import { createStations, type Stations } from './stations.ts';
import { createTransactionIds } from './transaction-ids.ts';
import { createTransactionStarts } from './transaction-starts.ts';
import { upgradeStation } from './upgrade.ts';

export interface OcppGatewayDeps {
  readonly registry: DeviceRegistry;
  readonly secrets: SecretHasher;
  readonly sink: RawSink;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly sessions: DeviceSessions;
  readonly pending: PendingDevices;
  readonly facts: ChargingFacts;
  readonly deadLetter: (refused: RefusedCall) => void;
}

export interface OcppGatewayConfig {
  readonly host: string;
  readonly port: number;
  readonly maxPayloadBytes?: number;
  readonly maxConnections?: number;
  /** Between Heartbeats, as stations are told. */
  readonly heartbeatIntervalS?: number;
  /** Before a station that is held in Pending asks again. */
  readonly bootRetryS?: number;
  /** Silence after which a station is pinged, and dropped. */
  readonly pingAfterMs?: number;
  readonly dropAfterMs?: number;
  /** How long a station may take to answer a command before the next one goes. */
  readonly answerWithinMs?: number;
  /** How long a connection may take to ask for what it wants. */
  readonly handshakeWithinMs?: number;
}

/** Disposing stops accepting and reading, waits for the sink to acknowledge what it has, then disconnects. */
export interface OcppGateway extends AsyncDisposable {
  readonly port: number;
  readonly connectedCount: number;
  readonly carrier: CommandCarrier;
  isConnected(deviceId: string): boolean;
  /** Drops the station's connection; it may come back if it still may. */
  kick(deviceId: string): void;
}

const DEFAULTS = {
  maxPayloadBytes: 262_144,
  maxConnections: 20_000,
  heartbeatIntervalS: 300,
  bootRetryS: 30,
  pingAfterMs: 30_000,
  dropAfterMs: 90_000,
  answerWithinMs: 120_000,
  handshakeWithinMs: 10_000,
};
const MIN_SWEEP_MS = 10;
const DRAIN_MS = 5_000;
const GOODBYE_MS = 1_000;
const POLICY_VIOLATION = 1008;
const GOING_AWAY = 1001;

/**
 * Listens for charging stations, OCPP 1.6 over WebSocket at `/ocpp/{stationId}`. A call is answered when what it
 * carries is in the log. A taken port is GATEWAY_PORT_TAKEN.
 */
export async function startOcppGateway(
  deps: OcppGatewayDeps,
  config: OcppGatewayConfig,
): Promise<OcppGateway> {
  const settings = { ...DEFAULTS, ...config };
  const parts = await assemble(deps, settings);
  const { counters, stations, carrier, backlog } = parts;
  const { server, sockets } = createStationServer(parts, settings);
  const port = await listen(server, { ...config, setting: 'OCPP_PORT' }).catch((error: unknown) => {
    carrier[Symbol.dispose]();
    throw error;
  });
  const liveness = startLiveness(
    { stations, counters },
    { ...settings, sweepEveryMs: Math.max(MIN_SWEEP_MS, settings.pingAfterMs / 2) },
  );
  const kick = (deviceId: string) => {
    const station = stations.find(deviceId);
    if (station === undefined) return;
    counters.refused('kicked');
    stations.drop(station, POLICY_VIOLATION, 'not registered any more, or with another password');
  };
  deps.registry.onRevoked(kick);
  return {
    port,
    get connectedCount() {
      return stations.count;
    },
    carrier: carrier.port,
    isConnected: (deviceId) => stations.find(deviceId) !== undefined,
    kick,
    [Symbol.asyncDispose]: async () => {
      liveness[Symbol.dispose]();
      carrier[Symbol.dispose]();
      await stop({ server, sockets, stations, drained: backlog.drained });
    },
  };
}

type Settings = OcppGatewayConfig & typeof DEFAULTS;

interface Parts {
  readonly rpc: RpcServer;
  readonly counters: Counters;
  readonly stations: Stations;
  readonly carrier: OcppCarrier;
  readonly backlog: Backlog;
}

async function assemble(deps: OcppGatewayDeps, settings: Settings): Promise<Parts> {
  const { facts, clock, log } = deps;
  const counters = createCounters(deps.metrics);
  const stations = createStations({ ...deps, counters });
  const gate = createBootGate({ clock });
  const sessions = createSessionsRunning({ facts });
  const ids = createTransactionIds({ facts });
  await ids.refill().catch((error: unknown) => log.warn({ err: error }, 'transaction ids not reserved yet'));
  const starts = createTransactionStarts({ facts, ids, log });
  const carrier = createOcppCarrier({ clock, log, gate, sessions, find: stations.find }, settings);
  const backlog = createBacklog();
  const answerDeps: AnswerDeps = {
    ...deps,
    ...settings,
    counters,
    gate,
    starts,
    sessions,
    booted: (device) => carrier.booted(device.id),
    reported: (device, component) => carrier.reported(device.id, component),
  };
  const rpc = createRpcServer(
    {
      admit: createAdmission({ ...deps, counters }),
      onSocket: createStationListener({ answerDeps, stations, counters, backlog, carrier }),
      onError: (error) => log.error({ err: error }, 'OCPP server failed'),
    },
    settings,
  );
  return { rpc, counters, stations, carrier, backlog };
}

function createStationServer(
  { rpc, counters }: Pick<Parts, 'rpc' | 'counters'>,
  { maxConnections, handshakeWithinMs }: Settings,
): { server: Server; sockets: ReadonlySet<Socket> } {
  const sockets = new Set<Socket>();
  const server = createServer(
    {
      noDelay: true,
      headersTimeout: handshakeWithinMs,
      connectionsCheckingInterval: handshakeWithinMs,
    },
    (_request, response) => response.writeHead(404).end(),
  );
  server.maxConnections = maxConnections;
  server.on('drop', () => counters.refused('too_many_connections'));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (!socket.writable || error.code === 'ECONNRESET') return;
    const isLate = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
    counters.refused(isLate ? 'handshake_timeout' : 'malformed_handshake');
    const status = isLate ? '408 Request Timeout' : '400 Bad Request';
    socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`, () => socket.destroy());
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    limitWrites(socket, () => counters.refused('slow_consumer'));
  });
  server.on('upgrade', (request, socket, head) =>
    upgradeStation({ rpc, counters }, { request, socket: socket as Socket, head }),
  );
  return { server, sockets };
}

interface Running {
  readonly server: Server;
  readonly sockets: ReadonlySet<Socket>;
  readonly stations: Stations;
  readonly drained: (withinMs: number) => Promise<void>;
}

/** What is not acknowledged in time stays owed: the stations send again. */
async function stop({ server, sockets, stations, drained }: Running): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  for (const { socket } of stations.all()) socket.pause();
  await drained(DRAIN_MS);
  await new Promise((resolve) => setImmediate(resolve));
  for (const { socket } of stations.all()) socket.close(GOING_AWAY, 'the service stops');
  const cut = setTimeout(() => {
    for (const socket of sockets) socket.destroy();
  }, GOODBYE_MS);
  server.closeAllConnections();
  await closed;
  clearTimeout(cut);
  for (const station of [...stations.all()]) stations.closed(station);
}
