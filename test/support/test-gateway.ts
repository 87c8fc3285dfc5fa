import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import type { DeviceCredentials, NewDevice } from '#contracts/devices.ts';
import type { DeviceDeps } from '#gateway/devices/device-records.ts';
import { createPendingDevices, type PendingDevices } from '#gateway/devices/pending.ts';
import { createDeviceSessions, type DeviceSessions } from '#gateway/devices/sessions.ts';
import type { RefusedMessage } from '#gateway/mqtt/broker.ts';
import { type MqttGateway, type MqttGatewayConfig, startMqttGateway } from '#gateway/mqtt/mqtt-gateway.ts';
import { createLog } from '#platform/log.ts';
import { createMetrics } from '#platform/metrics/metrics.ts';
import { mqttOf } from './credentials.ts';
import { createRecordingSink, type RecordingSink } from './recording-sink.ts';
import { openTestDatabase } from './test-database.ts';
import { addDevice, createDeviceDeps } from './test-devices.ts';

export interface TestGateway extends AsyncDisposable {
  readonly gateway: MqttGateway;
  readonly deps: DeviceDeps;
  readonly sink: RecordingSink;
  readonly sessions: DeviceSessions;
  readonly pending: PendingDevices;
  readonly deadLetters: RefusedMessage[];
  addDevice(device?: Partial<NewDevice>): Promise<DeviceCredentials>;
  /** Connects with mqtt.js; rejects as the broker refuses. */
  connect(credentials: DeviceCredentials, options?: IClientOptions): Promise<MqttClient>;
  refusals(reason: string): Promise<number>;
}

export async function openTestGateway(config: Partial<MqttGatewayConfig> = {}): Promise<TestGateway> {
  const database = await openTestDatabase();
  const deps = createDeviceDeps(database.db);
  const { registry, secrets, clock } = deps;
  await registry.load();
  const log = createLog({ level: 'silent', format: 'json' });
  const metrics = createMetrics();
  const sink = createRecordingSink();
  const sessions = createDeviceSessions({ db: deps.db, clock, log }, { nodeId: 'node-1' });
  const pending = createPendingDevices({ db: deps.db, clock, log });
  const deadLetters: RefusedMessage[] = [];
  const gateway = await startMqttGateway(
    {
      registry,
      secrets,
      sink,
      clock,
      log,
      metrics,
      sessions,
      pending,
      deadLetter: (message) => deadLetters.push(message),
    },
    { host: '127.0.0.1', port: 0, ...config },
  );
  const clients: MqttClient[] = [];
  return {
    gateway,
    deps,
    sink,
    sessions,
    pending,
    deadLetters,
    addDevice: (device) => addDevice(deps, device),
    connect: async (credentials, options) => {
      const { username, password } = mqttOf(credentials);
      const client = await mqtt.connectAsync({
        host: '127.0.0.1',
        port: gateway.port,
        username,
        password,
        reconnectPeriod: 0,
        ...options,
      });
      clients.push(client);
      return client;
    },
    refusals: async (reason) => {
      const metric = await metrics.registry.getSingleMetric('aftercare_mqtt_refusals_total')?.get();
      return metric?.values.find(({ labels }) => labels.reason === reason)?.value ?? 0;
    },
    [Symbol.asyncDispose]: async () => {
      sink.release();
      for (const client of clients) client.end(true);
      await gateway[Symbol.asyncDispose]();
      await sessions[Symbol.asyncDispose]();
      await pending[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}
