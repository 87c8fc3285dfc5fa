import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { isInstalled } from './installed.ts';
import { openTestFolder } from './test-folder.ts';

const PROGRAM = '/usr/bin/redis-server';
const HOST = '127.0.0.1';
const ASK_EVERY_MS = 20;

/** Whether tests that need Redis run here. */
export const hasRedis = isInstalled(PROGRAM, 'redis-server');

export interface TestRedis extends AsyncDisposable {
  readonly url: string;
  /** Kills it; what it has written stays. */
  stop(): Promise<void>;
  /** Starts it again, on the same port and with what it had written. */
  start(): Promise<void>;
}

interface TestRedisOptions {
  /** Leaves it stopped until told to start. */
  readonly isStopped?: boolean;
  readonly settings?: readonly string[];
}

/** A Redis server of its own that keeps every write, on a free port and in a temporary folder. */
export async function openTestRedis(options: TestRedisOptions = {}): Promise<TestRedis> {
  const folder = await openTestFolder();
  const port = await findFreePort();
  const args = ['--port', String(port), '--bind', HOST, '--dir', folder.path];
  const keeping = ['--save', '', '--appendonly', 'yes', '--appendfsync', 'always'];
  let server: ChildProcess | undefined;
  const stop = async () => {
    const ended = server === undefined ? undefined : once(server, 'exit');
    server?.kill('SIGKILL');
    server = undefined;
    await ended;
  };
  const start = async () => {
    server = spawn(PROGRAM, [...args, ...keeping, ...(options.settings ?? [])], { stdio: 'ignore' });
    while (!(await answers(port))) {
      if (server.exitCode !== null) throw new Error(`redis-server ended with ${server.exitCode}`);
      await wait(ASK_EVERY_MS);
    }
  };
  if (options.isStopped !== true) await start();
  return {
    url: `redis://${HOST}:${port}`,
    stop,
    start,
    [Symbol.asyncDispose]: async () => {
      await stop();
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** While it loads what it has written it answers LOADING; one with a password answers NOAUTH. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, HOST, () => socket.write('PING\r\n'));
    socket.once('data', (chunk) => {
      socket.destroy();
      resolve(/^(\+PONG|-NOAUTH)/.test(chunk.toString()));
    });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
}
