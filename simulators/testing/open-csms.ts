import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { RPCServer } from 'ocpp-rpc';

interface StationCall {
  readonly stationId: string;
  readonly action: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** A station's connection as the tests use it. */
interface StationSocket {
  call(action: string, payload: object): Promise<unknown>;
  drop(): void;
}

interface TestCsms extends AsyncDisposable {
  readonly url: string;
  readonly calls: readonly StationCall[];
  /** Resolves as soon as `found` gives something of all calls so far. */
  until<T>(found: (calls: readonly StationCall[]) => T | undefined | false): Promise<T>;
  station(stationId: string): StationSocket;
  /** Answers these actions so from now on. */
  answer(answers: Readonly<Record<string, (payload: StationCall['payload']) => object>>): void;
}

type Client = {
  readonly identity: string;
  handle(handler: (request: { method: string; params: StationCall['payload'] }) => object): void;
  call(action: string, payload: object): Promise<unknown>;
  close(options: { code: number; reason: string; force: boolean }): Promise<unknown>;
};

/** A real OCPP 1.6 server on a free port that checks every message by its schema; `passwords` limits who may connect. */
export async function openCsms(passwords?: ReadonlyMap<string, string>): Promise<TestCsms> {
  const rpc = new RPCServer({
    protocols: ['ocpp1.6'],
    strictMode: true,
  } as unknown as ConstructorParameters<typeof RPCServer>[0]);
  const http = createServer();
  const calls: StationCall[] = [];
  const waiting = new Set<() => void>();
  const clients = new Map<string, Client>();
  let transactions = 1_000;
  let answers: Readonly<Record<string, (payload: StationCall['payload']) => object>> = {};
  const usual: typeof answers = {
    BootNotification: () => ({ status: 'Accepted', currentTime: new Date().toISOString(), interval: 300 }),
    Heartbeat: () => ({ currentTime: new Date().toISOString() }),
    Authorize: () => ({ idTagInfo: { status: 'Accepted' } }),
    StartTransaction: () => {
      transactions += 1;
      return { transactionId: transactions, idTagInfo: { status: 'Accepted' } };
    },
    DataTransfer: () => ({ status: 'Accepted' }),
  };
  rpc.auth((accept, reject, handshake) => {
    const expected = passwords?.get(handshake.identity);
    if (passwords === undefined || expected === handshake.password?.toString()) accept({});
    else reject(401, 'wrong password');
  });
  rpc.on('client', (connected: unknown) => {
    const client = connected as Client;
    clients.set(client.identity, client);
    client.handle(({ method, params }) => {
      calls.push({ stationId: client.identity, action: method, payload: params });
      const reply = (answers[method] ?? usual[method] ?? (() => ({})))(params);
      for (const check of waiting) check();
      return reply;
    });
  });
  http.on('upgrade', (request, socket, head) => {
    (rpc.handleUpgrade(request, socket as Socket, head) as Promise<unknown>).catch(() => socket.destroy());
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const clientOf = (stationId: string): Client => {
    const client = clients.get(stationId);
    if (client === undefined) throw new RangeError(`${stationId} is not connected`);
    return client;
  };
  return {
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}/ocpp`,
    calls,
    until: (found) =>
      new Promise((resolve) => {
        const check = (): void => {
          const result = found(calls);
          if (result === undefined || result === false) return;
          waiting.delete(check);
          resolve(result);
        };
        waiting.add(check);
        check();
      }),
    station: (stationId) => ({
      call: (action, payload) => clientOf(stationId).call(action, payload),
      drop: () => void clientOf(stationId).close({ code: 1001, reason: 'dropped', force: true }),
    }),
    answer(given) {
      answers = given;
    },
    async [Symbol.asyncDispose]() {
      await rpc.close({ code: 1001, reason: 'the test ends', awaitPending: false, force: true });
      http.closeAllConnections();
      await new Promise<void>((resolve) => http.close(() => resolve()));
    },
  };
}
