import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import pg from 'pg';
import { AftercareError } from '#platform/errors.ts';
import { createLog } from '#platform/log.ts';
import { readPidFile } from '#platform/postgres/data-folder.ts';
import { startPostgres } from '#platform/postgres/embedded-postgres.ts';
import { isReady } from './api.ts';
import { spawnNode } from './children.ts';
import { waitFor } from './wait.ts';

export const ADMIN_PASSWORD = 'benchmark-password';

export interface AppPorts {
  readonly dataDir: string;
  readonly httpPort: number;
  readonly mqttPort: number;
  /** More of the environment, e.g. where InfluxDB is. */
  readonly variables?: Readonly<Record<string, string>>;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** `npm start` without the simulated fleet. */
export function spawnApp({ dataDir, httpPort, mqttPort, variables }: AppPorts): ChildProcess {
  return spawnNode(['app/main.ts'], {
    env: {
      DATA_DIR: dataDir,
      HOST: '127.0.0.1',
      HTTP_PORT: String(httpPort),
      MQTT_PORT: String(mqttPort),
      OCPP_PORT: '0',
      SIMULATE: '0',
      ADMIN_PASSWORD,
      LOG_LEVEL: 'fatal',
      LOG_FORMAT: 'json',
      ...variables,
    },
  });
}

/** Resolves once `/readyz` says so; rejects if the process ends first. */
export async function untilReady(child: ChildProcess, httpPort: number, withinMs = 60_000): Promise<void> {
  const everyMs = 10;
  await waitFor(
    'ready app',
    async () => {
      if (child.exitCode === null && child.signalCode === null) return isReady(httpPort);
      return true;
    },
    { withinMs, everyMs },
  );
  if (child.exitCode === null && child.signalCode === null) return;
  throw new AftercareError('BENCH_APP_ENDED', `the app ended with ${child.signalCode ?? child.exitCode}`);
}

const clusterOf = (dataDir: string) => join(dataDir, 'postgres', 'cluster');

/** Process id of the embedded PostgreSQL of that folder. */
export async function postmasterOf(dataDir: string): Promise<number> {
  const noted = await readPidFile(clusterOf(dataDir));
  if (noted === undefined) throw new AftercareError('BENCH_NO_POSTGRES', `no PostgreSQL runs in ${dataDir}`);
  return noted.pid;
}

/** A connection to the running app's own database. */
export async function connectTo(dataDir: string): Promise<pg.Client> {
  const log = createLog({ level: 'silent', format: 'json' });
  const { url } = await startPostgres({ dataDir: join(dataDir, 'postgres'), log, whenInUse: 'join' });
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
