import { RPCClient } from 'ocpp-rpc';
import type { DeviceCredentials } from '#contracts/devices.ts';
import { ocppOf } from './credentials.ts';

/** A charging pile that speaks OCPP 1.6 by a library that is not ours, and does what the test says. */
export interface TestPile extends AsyncDisposable {
  readonly id: string;
  readonly unitId: string;
  /** What the service told it to do, in order. */
  readonly told: { readonly action: string; readonly params: Record<string, unknown> }[];
  call(action: string, params?: object): Promise<Record<string, unknown>>;
  /** One connector's status, `Available` without an error unless told otherwise. */
  status(status?: { status?: string; errorCode?: string; connectorId?: number }): Promise<void>;
  /** What it answers to a command from then on, and does after the answer. */
  answer(action: string, reply: object, then?: () => Promise<void>): void;
}

type Handler = (call: { readonly params: Record<string, unknown> }) => unknown;
/** The library's typings ask for every option and name no handler. */
interface Client {
  connect(): Promise<unknown>;
  call(action: string, params: object): Promise<Record<string, unknown>>;
  handle(action: string, handler: Handler): void;
  close(options: { force: boolean }): Promise<unknown>;
}

const ANSWERS: Readonly<Record<string, object>> = {
  Reset: { status: 'Accepted' },
  TriggerMessage: { status: 'Accepted' },
  UnlockConnector: { status: 'Unlocked' },
  ChangeAvailability: { status: 'Accepted' },
  ChangeConfiguration: { status: 'Accepted' },
  GetConfiguration: { configurationKey: [], unknownKey: [] },
};

/** `strictMode`: the pile itself says nothing outside the standard. */
export async function connectPile(
  credentials: DeviceCredentials,
  { strictMode = true } = {},
): Promise<TestPile> {
  const { url, password } = ocppOf(credentials);
  const client = new RPCClient({
    endpoint: url.slice(0, url.lastIndexOf('/')),
    identity: credentials.id,
    password,
    protocols: ['ocpp1.6'],
    strictMode,
    reconnect: false,
  } as unknown as ConstructorParameters<typeof RPCClient>[0]) as unknown as Client;
  const told: TestPile['told'] = [];
  const answers = new Map<string, { reply: object; then?: (() => Promise<void>) | undefined }>();
  for (const action of Object.keys(ANSWERS)) {
    client.handle(action, ({ params }) => {
      told.push({ action, params });
      const chosen = answers.get(action);
      if (chosen?.then !== undefined) setImmediate(() => void chosen.then?.());
      return chosen?.reply ?? ANSWERS[action];
    });
  }
  await client.connect();
  return {
    id: credentials.id,
    unitId: credentials.unitId,
    told,
    call: (action, params = {}) => client.call(action, params),
    status: async ({ status = 'Available', errorCode = 'NoError', connectorId = 1 } = {}) => {
      const timestamp = new Date().toISOString();
      await client.call('StatusNotification', { connectorId, status, errorCode, timestamp });
    },
    answer: (action, reply, then) => void answers.set(action, { reply, then }),
    [Symbol.asyncDispose]: async () => void (await client.close({ force: true })),
  };
}
