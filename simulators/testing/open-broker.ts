import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { Aedes, type AuthenticateError } from 'aedes';

interface Arrival {
  readonly deviceId: string;
  readonly channel: string;
  readonly isRetained: boolean;
  readonly body: unknown;
}

interface TestBroker extends AsyncDisposable {
  readonly url: string;
  readonly arrivals: readonly Arrival[];
  /** Resolves as soon as `found` gives something of all that has arrived. */
  until<T>(found: (arrivals: readonly Arrival[]) => T | undefined | false): Promise<T>;
  send(topic: string, body: unknown): Promise<void>;
  /** Drops every connection at once, as a broker that is killed. */
  dropAll(): void;
  /** While false, nobody can log in. */
  accept(isAccepting: boolean): void;
}

/** A real MQTT broker on a free port that remembers what devices publish; `passwords` limits who may connect. */
export async function openBroker(passwords?: ReadonlyMap<string, string>): Promise<TestBroker> {
  const broker = await Aedes.createBroker();
  const server = createServer(broker.handle);
  const sockets = new Set<import('node:net').Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const arrivals: Arrival[] = [];
  const waiting = new Set<() => void>();
  let isAccepting = true;
  const isWelcome = (username = '', password = ''): boolean =>
    isAccepting && (passwords === undefined || passwords.get(username) === password);
  broker.authenticate = (...[, username, password, done]) => {
    if (isWelcome(username, password?.toString())) return done(null, true);
    const returnCode = isAccepting ? 4 : 3;
    done(Object.assign(new Error('refused'), { returnCode }) as AuthenticateError, null);
  };
  broker.on('publish', (packet) => {
    const match = /^devices\/([^/]+)\/(.+)$/.exec(packet.topic);
    if (match === null || match[2] === 'cmd') return;
    const body: unknown = JSON.parse(String(packet.payload));
    arrivals.push({ deviceId: match[1] ?? '', channel: match[2] ?? '', isRetained: packet.retain, body });
    for (const check of waiting) check();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arrivals,
    until: (found) =>
      new Promise((resolve) => {
        const check = (): void => {
          const result = found(arrivals);
          if (result === undefined || result === false) return;
          waiting.delete(check);
          resolve(result);
        };
        waiting.add(check);
        check();
      }),
    send: (topic, body) =>
      new Promise((resolve, reject) => {
        const packet = {
          cmd: 'publish',
          topic,
          payload: JSON.stringify(body),
          qos: 1,
          retain: false,
          dup: false,
        };
        broker.publish(packet as Parameters<typeof broker.publish>[0], (error) =>
          error ? reject(error) : resolve(),
        );
      }),
    dropAll() {
      for (const socket of sockets) socket.destroy();
    },
    accept(value) {
      isAccepting = value;
    },
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => broker.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
