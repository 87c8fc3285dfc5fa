import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { readConfig } from '#app/config.ts';
import { type App, startApp } from '#app/start-app.ts';
import type { DeviceCredentials, NewDevice } from '#contracts/devices.ts';
import { topicOf } from '#contracts/mqtt.ts';
import type { Clock } from '#platform/clock.ts';
import { createLog } from '#platform/log.ts';
import { type ApiClient, createApiClient } from './api-client.ts';
import { mqttOf } from './credentials.ts';
import { openTestDatabase, type TestDatabase } from './test-database.ts';
import { openTestFolder } from './test-folder.ts';
import { connectPile, type TestPile } from './test-pile.ts';

export interface TestAppOptions {
  readonly clock?: Clock;
  /** A folder of the test's instead of one of the app's own. */
  readonly dataDir?: string;
  /** More of the environment: servers of the test's own. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A registered device, connected with its own credentials by mqtt.js. */
export interface TestDevice {
  readonly id: string;
  readonly unitId: string;
  readonly credentials: DeviceCredentials;
  readonly client: MqttClient;
  /** Resolves once the message is acknowledged. */
  publish(channel: 'telemetry' | 'fault' | 'state', message: unknown): Promise<void>;
}

/** The whole product on free ports, with a data folder and a database of its own. */
export interface TestApp extends AsyncDisposable {
  readonly app: App;
  readonly database: TestDatabase;
  readonly dataDir: string;
  readonly httpUrl: string;
  readonly mqttPort: number;
  /** Acts for `admin`. */
  readonly api: ApiClient;
  register(device?: Partial<NewDevice>): Promise<DeviceCredentials>;
  /** Rejects as the broker refuses. */
  connect(credentials: DeviceCredentials, options?: IClientOptions): Promise<MqttClient>;
  openDevice(device?: Partial<NewDevice>): Promise<TestDevice>;
  /** A registered charging pile that has connected and booted. */
  openPile(device?: Partial<NewDevice>): Promise<TestPile>;
}

const HOUR_MS = 3_600_000;

export async function openTestApp(options: TestAppOptions = {}): Promise<TestApp> {
  const { clock } = options;
  const folder = await openTestFolder();
  const database = await openTestDatabase();
  const clients: MqttClient[] = [];
  const started: App[] = [];
  const piles: TestPile[] = [];
  const close = async () => {
    for (const client of clients) client.end(true);
    for (const pile of piles) await pile[Symbol.asyncDispose]();
    for (const app of started) await app[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  };
  try {
    const dataDir = options.dataDir ?? folder.path;
    const config = readConfig({
      HTTP_PORT: '0',
      MQTT_PORT: '0',
      OCPP_PORT: '0',
      DATA_DIR: dataDir,
      DATABASE_URL: database.url,
      ...options.env,
    });
    const log = createLog({ level: 'silent', format: 'json' });
    const app = await startApp(config, { log, ...(clock !== undefined && { clock }) });
    started.push(app);
    const httpUrl = `http://127.0.0.1:${app.httpPort}`;
    const api = createApiClient(httpUrl, await app.mintToken(24 * HOUR_MS));
    const register = (device: Partial<NewDevice> = {}): Promise<DeviceCredentials> =>
      api.post('/devices', { id: 'ac-1', kind: 'ac_unit', model: 'split-generic', ...device });
    const connect = async (credentials: DeviceCredentials, more: IClientOptions = {}) => {
      const client = await connectDevice(app.mqttPort, credentials, more);
      clients.push(client);
      return client;
    };
    return {
      app,
      database,
      dataDir,
      httpUrl,
      mqttPort: app.mqttPort,
      api,
      register,
      connect,
      openDevice: async (device) => {
        const credentials = await register(device);
        return asDevice(credentials, await connect(credentials));
      },
      openPile: async (device) => {
        const pile = await connectPile(
          await register({ id: 'pile-1', kind: 'charging_pile', model: 'ac-pile-generic', ...device }),
        );
        piles.push(pile);
        await pile.call('BootNotification', { chargePointVendor: 'Test', chargePointModel: 'T-1' });
        return pile;
      },
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Connects with mqtt.js; rejects as the broker refuses. */
export function connectDevice(
  port: number,
  credentials: DeviceCredentials,
  options: IClientOptions = {},
): Promise<MqttClient> {
  const { username, password } = mqttOf(credentials);
  return mqtt.connectAsync({ host: '127.0.0.1', port, username, password, reconnectPeriod: 0, ...options });
}

export function asDevice(credentials: DeviceCredentials, client: MqttClient): TestDevice {
  const { id, unitId } = credentials;
  return {
    id,
    unitId,
    credentials,
    client,
    publish: async (channel, message) => {
      await client.publishAsync(topicOf(id, channel), JSON.stringify(message), { qos: 1 });
    },
  };
}
