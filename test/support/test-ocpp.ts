import { RPCClient } from 'ocpp-rpc';
import type { DeviceCredentials, NewDevice } from '#contracts/devices.ts';
import type { LoggedCall } from '#contracts/ocpp.ts';
import type { DeviceDeps } from '#gateway/devices/device-records.ts';
import { createPendingDevices, type PendingDevices } from '#gateway/devices/pending.ts';
import { createDeviceSessions } from '#gateway/devices/sessions.ts';
import type { DeviceTables } from '#gateway/devices/tables.ts';
import type { ChargingFacts, OpenTransaction, ReportedStatus } from '#gateway/ocpp/charging-facts.ts';
import type { RefusedCall } from '#gateway/ocpp/dead-letters.ts';
import { type OcppGateway, type OcppGatewayConfig, startOcppGateway } from '#gateway/ocpp/ocpp-gateway.ts';
import { createLog } from '#platform/log.ts';
import { createMetrics } from '#platform/metrics/metrics.ts';
import { ocppOf } from './credentials.ts';
import { eventually } from './eventually.ts';
import { createRecordingSink, type RecordingSink } from './recording-sink.ts';
import { openTestDatabase } from './test-database.ts';
import { addDevice, createDeviceDeps } from './test-devices.ts';

/** Facts that a test sets; `fail` makes every question reject. */
export interface TestFacts extends ChargingFacts {
  readonly started: Map<string, number>;
  /** Where each transaction was started. */
  readonly places: Map<number, string>;
  readonly statuses: Map<string, ReportedStatus>;
  readonly open: Map<string, OpenTransaction>;
  isAway: boolean;
}

/** A station that speaks OCPP 1.6 by ocpp-rpc's own client. */
export interface TestStation {
  readonly client: RPCClient;
  /** What the gateway called, in order; answered as `answer` says. */
  readonly asked: [action: string, payload: unknown][];
  call(action: string, payload?: object): Promise<unknown>;
  /** Calls without waiting for earlier answers, which the spec forbids. */
  rush(): void;
  stopReading(): void;
  /** How a call of the gateway is answered; without it Accepted. */
  answer(action: string, reply: (payload: unknown) => unknown): void;
  readonly closed: Promise<{ code: number; reason: string }>;
}

export interface TestOcpp extends AsyncDisposable {
  readonly gateway: OcppGateway;
  readonly deps: DeviceDeps;
  readonly sink: RecordingSink;
  readonly facts: TestFacts;
  readonly pending: PendingDevices;
  readonly deadLetters: RefusedCall[];
  addStation(device?: Partial<NewDevice>): Promise<DeviceCredentials>;
  /** Connects; rejects as the gateway refuses. */
  connect(credentials: DeviceCredentials, options?: object): Promise<TestStation>;
  /** What reached the log, without the envelope. */
  logged(): LoggedCall[];
  /** Waits until so many messages have reached the log. */
  reaches(count: number): Promise<void>;
  refusals(reason: string): Promise<number>;
  calls(action: string, outcome: string): Promise<number>;
  unknownTransactions(): Promise<number>;
  /** Sets the labels of a device, as an operator does. */
  label(deviceId: string, labels: Record<string, string>): Promise<void>;
  /** A second gateway on the same records, as after a restart. */
  restart(): Promise<void>;
}

export async function openTestOcpp(config: Partial<OcppGatewayConfig> = {}): Promise<TestOcpp> {
  const database = await openTestDatabase();
  const deps = createDeviceDeps(database.db);
  const { registry, secrets, clock } = deps;
  await registry.load();
  const log = createLog({ level: 'silent', format: 'json' });
  const metrics = createMetrics();
  const sink = createRecordingSink();
  const facts = createTestFacts();
  const sessions = createDeviceSessions({ db: deps.db, clock, log }, { nodeId: 'node-1' });
  const pending = createPendingDevices({ db: deps.db, clock, log });
  const deadLetters: RefusedCall[] = [];
  const common = { registry, secrets, sink, clock, log, sessions, pending, facts };
  const start = (own = metrics) =>
    startOcppGateway(
      { ...common, metrics: own, deadLetter: (refused) => deadLetters.push(refused) },
      { host: '127.0.0.1', port: 0, ...config },
    );
  let gateway = await start();
  const clients: RPCClient[] = [];
  const counted = async (name: string, labels: Record<string, string>) => {
    const metric = await metrics.registry.getSingleMetric(name)?.get();
    const found = metric?.values.find((value) =>
      Object.entries(labels).every(([label, wanted]) => value.labels[label] === wanted),
    );
    return found?.value ?? 0;
  };
  return {
    get gateway() {
      return gateway;
    },
    deps,
    sink,
    facts,
    pending,
    deadLetters,
    addStation: (device) =>
      addDevice(deps, { id: 'cp-1', kind: 'charging_pile', model: 'ac-pile-generic', ...device }),
    connect: async (credentials, options) => {
      const station = createTestStation(gateway.port, credentials, options);
      clients.push(station.client);
      await station.client.connect();
      return station;
    },
    logged: () => sink.messages.map(({ text }) => JSON.parse(text) as LoggedCall),
    reaches: (count) =>
      eventually(async () => {
        if (sink.messages.length !== count) throw new Error(`${sink.messages.length} reached the log`);
      }),
    refusals: (reason) => counted('aftercare_ocpp_refusals_total', { reason }),
    calls: (action, outcome) => counted('aftercare_ocpp_calls_total', { action, outcome }),
    unknownTransactions: () => counted('aftercare_ocpp_unknown_transactions_total', {}),
    label: async (deviceId, labels) => {
      await deps.db
        .withTables<DeviceTables>()
        .updateTable('device')
        .set({ labels: JSON.stringify(labels) })
        .where('id', '=', deviceId)
        .execute();
      await registry.refresh([deviceId]);
    },
    restart: async () => {
      await gateway[Symbol.asyncDispose]();
      gateway = await start(createMetrics());
    },
    [Symbol.asyncDispose]: async () => {
      sink.release();
      for (const client of clients) client.close({ force: true }).catch(() => undefined);
      await gateway[Symbol.asyncDispose]();
      await sessions[Symbol.asyncDispose]();
      await pending[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

function createTestStation(port: number, credentials: DeviceCredentials, options = {}): TestStation {
  const client = new RPCClient({
    endpoint: `ws://127.0.0.1:${port}/ocpp`,
    identity: credentials.id,
    password: ocppOf(credentials).password,
    protocols: ['ocpp1.6'],
    strictMode: false,
    reconnect: false,
    callTimeoutMs: 20_000,
    ...options,
  } as unknown as ConstructorParameters<typeof RPCClient>[0]);
  const asked: [string, unknown][] = [];
  const replies = new Map<string, (payload: unknown) => unknown>();
  const handler = async ({ method, params }: { method?: string; params?: unknown }) => {
    asked.push([method ?? '', params]);
    return (replies.get(method ?? '') ?? (() => ({ status: 'Accepted' })))(params) as Record<string, unknown>;
  };
  client.handle(handler as unknown as Parameters<RPCClient['handle']>[0]);
  return {
    client,
    asked,
    call: (action, payload = {}) => client.call(action, payload),
    stopReading: () => (client as unknown as { _ws: { pause(): void } })._ws.pause(),
    rush: () => client.reconfigure({ callConcurrency: 1_000 } as never),
    answer: (action, reply) => replies.set(action, reply),
    closed: new Promise((resolve) => client.once('close', resolve)),
  };
}

function createTestFacts(): TestFacts {
  let next = 1;
  const facts: TestFacts = {
    started: new Map(),
    places: new Map(),
    statuses: new Map(),
    open: new Map(),
    isAway: false,
    reserveTransactionIds: (count) =>
      ask(() => {
        next += count;
        return next - count;
      }),
    findTransaction: ({ deviceId, component, startedAtMs, meterStartWh }) =>
      ask(() => facts.started.get([deviceId, component, startedAtMs, meterStartWh].join()) ?? null),
    componentOfTransaction: (_deviceId, transactionId) => ask(() => facts.places.get(transactionId) ?? null),
    connectorStatuses: () => ask(() => facts.statuses),
    openTransactions: () => ask(() => facts.open),
  };
  const ask = async <T>(look: () => T): Promise<T> => {
    if (facts.isAway) throw new Error('the database is away');
    return look();
  };
  return facts;
}
