import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import { isInstalled } from './installed.ts';

const PROGRAM = '/usr/bin/influxd';

/** Whether tests of InfluxDB run. */
export const hasInflux = (): boolean => isInstalled(PROGRAM, 'influxdb');

/** A server of one's own on free ports of this machine, with folders of its own; gone when disposed. */
export interface TestServer extends AsyncDisposable {
  readonly url: string;
  /** Ends it at once, as a crash would. Its port and folders stay ours. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Runs a program that answers at `/ping` once it is up. `argumentsOf` gets its folder and two free ports. */
export async function openTestServer(
  program: string,
  argumentsOf: (folder: string, ports: readonly [http: number, other: number]) => Promise<readonly string[]>,
): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), `aftercare-test-${process.pid}-`));
  const ports = [await freePort(), await freePort()] as const;
  const given = await argumentsOf(folder, ports);
  const url = `http://127.0.0.1:${ports[0]}`;
  let child: ChildProcess | null = null;
  const killChild = () => void child?.kill('SIGKILL');
  process.once('exit', killChild);

  async function start(): Promise<void> {
    child = spawn(program, given, { stdio: 'ignore' });
    await eventually(async () => {
      const response = await fetch(`${url}/ping`);
      if (!response.ok) throw new Error(`${program} answers ${response.status}`);
    });
  }

  async function stop(): Promise<void> {
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  await start();
  return {
    url,
    start,
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
      process.removeListener('exit', killChild);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** InfluxDB 1.x; with `user`, it wants that user's name and password from then on. */
export async function openTestInflux({ user }: { user?: string } = {}): Promise<TestServer> {
  const server = await openTestServer(PROGRAM, async (folder, [http, rpc]) => {
    const config = join(folder, 'influxdb.conf');
    const text = `reporting-disabled = true
bind-address = "127.0.0.1:${rpc}"
[meta]
  dir = "${folder}/meta"
[data]
  dir = "${folder}/data"
  wal-dir = "${folder}/wal"
  query-log-enabled = false
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:${http}"
  log-enabled = false
  auth-enabled = ${user !== undefined}
`;
    await writeFile(config, text);
    return ['-config', config];
  });
  if (user === undefined) return server;
  const [name, password] = user.split(':');
  const q = `create user "${name}" with password '${password}' with all privileges`;
  await fetch(`${server.url}/query?${new URLSearchParams({ q })}`, { method: 'POST' });
  return server;
}
