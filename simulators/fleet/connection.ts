import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { type Channel, topicOf } from '#contracts/mqtt.ts';
import { reasonOf, SimulatorError } from '../errors.ts';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export interface ConnectOptions {
  readonly url: string;
  readonly deviceId: string;
  readonly session: string;
  readonly credentials: Credentials | null;
  readonly onCommand: (payload: string) => void;
}

/** One session of one device. It never reconnects: the next session is a new connection with its own will. */
export interface Connection {
  /** Resolves when the broker has acknowledged; rejects when the connection ends before. */
  publish(channel: Channel, message: unknown): Promise<void>;
  /** Says goodbye: retained `online: false`, then DISCONNECT. */
  leave(): Promise<void>;
  /** Destroys the socket without a goodbye, so that the broker publishes the will. */
  cut(): void;
  readonly closed: Promise<void>;
}

const CONNECT_TIMEOUT_MS = 10_000;
const KEEPALIVE_S = 30;
const GOODBYE_MS = 2_000;
const REFUSED: ReadonlySet<number> = new Set([2, 4, 5]);

/** Connects with MQTT 3.1.1. SIMULATOR_REFUSED when the broker does not accept the identity. */
export async function connectDevice(options: ConnectOptions): Promise<Connection> {
  const client = mqtt.connect(options.url, clientOptions(options));
  const unanswered = new Set<(error: Error) => void>();
  let isClosed = false;
  const closed = new Promise<void>((resolve) => {
    client.once('close', () => {
      isClosed = true;
      for (const reject of unanswered) reject(lost(options.deviceId));
      resolve();
    });
  });
  await accepted(client, options);
  client.on('error', () => undefined);
  client.on('message', (_topic, payload) => options.onCommand(payload.toString()));
  client.subscribe(topicOf(options.deviceId, 'cmd'), { qos: 1 }, () => undefined);
  void closed.then(() => client.end(true));

  const publish = (channel: Channel, message: unknown): Promise<void> =>
    new Promise((resolve, reject) => {
      if (isClosed) return reject(lost(options.deviceId));
      unanswered.add(reject);
      const settings = { qos: 1, retain: channel === 'state' } as const;
      client.publish(topicOf(options.deviceId, channel), JSON.stringify(message), settings, (error) => {
        unanswered.delete(reject);
        if (error) reject(lost(options.deviceId, error));
        else resolve();
      });
    });

  return {
    publish,
    closed,
    cut: () => client.stream.destroy(),
    async leave() {
      const goodbye = publish('state', { online: false, session: options.session }).catch(() => undefined);
      await within(GOODBYE_MS, goodbye);
      await within(GOODBYE_MS, client.endAsync());
      client.stream.destroy();
    },
  };
}

function lost(deviceId: string, cause?: unknown): SimulatorError {
  return new SimulatorError('SIMULATOR_DISCONNECTED', `${deviceId} lost its connection`, { cause });
}

function clientOptions(options: ConnectOptions): IClientOptions {
  return {
    protocolVersion: 4,
    clientId: options.deviceId,
    clean: true,
    reconnectPeriod: 0,
    keepalive: KEEPALIVE_S,
    connectTimeout: CONNECT_TIMEOUT_MS,
    queueQoSZero: false,
    ...(options.credentials ?? {}),
    will: {
      topic: topicOf(options.deviceId, 'state'),
      payload: Buffer.from(JSON.stringify({ online: false, session: options.session })),
      qos: 1,
      retain: true,
    },
  };
}

function accepted(client: MqttClient, options: ConnectOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void => {
      client.end(true);
      reject(refusal(cause, options));
    };
    client.once('connect', () => resolve());
    client.once('error', fail);
    client.once('close', () => fail(new Error('the connection was closed')));
  });
}

function refusal(cause: unknown, { deviceId, url }: ConnectOptions): SimulatorError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (typeof code === 'number' && REFUSED.has(code)) {
    return new SimulatorError(
      'SIMULATOR_REFUSED',
      `the broker at ${url} refuses ${deviceId}: register the fleet by passing --api and --token`,
      { cause },
    );
  }
  return new SimulatorError(
    'SIMULATOR_BROKER_UNREACHABLE',
    `cannot reach the MQTT broker at ${url} (${reasonOf(cause)}): check that it runs and that --mqtt is right`,
    { cause },
  );
}

async function within(limitMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}
