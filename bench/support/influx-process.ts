import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AftercareError } from '#platform/errors.ts';
import { freePort } from './app-process.ts';
import { PROGRAMS, type Program, startProgram } from './program.ts';
import { waitFor } from './wait.ts';

export const INFLUX_BUCKET = 'bench';

/** InfluxDB 1.x on a free port, with its data below the folder. */
export interface InfluxProcess extends AsyncDisposable {
  readonly url: string;
  /** Environment of an app that stores there. */
  readonly variables: Readonly<Record<string, string>>;
  pid(): number;
  stop(): Promise<void>;
  start(): Promise<void>;
  query(statement: string): Promise<readonly (readonly unknown[])[]>;
  /** Points that have the field. */
  count(field: string): Promise<number>;
}

interface Answer {
  readonly results?: readonly {
    readonly error?: string;
    readonly series?: readonly { readonly values: readonly (readonly unknown[])[] }[];
  }[];
}

function configText(folder: string, ports: { http: number; rpc: number }): string {
  return `reporting-disabled = true
bind-address = "127.0.0.1:${ports.rpc}"
[meta]
  dir = "${folder}/meta"
[data]
  dir = "${folder}/data"
  wal-dir = "${folder}/wal"
  query-log-enabled = false
[monitor]
  store-enabled = false
[logging]
  level = "error"
  suppress-logo = true
[http]
  bind-address = "127.0.0.1:${ports.http}"
  log-enabled = false
`;
}

export async function startInflux(below: string): Promise<InfluxProcess> {
  const folder = join(below, 'influx');
  await mkdir(folder, { recursive: true });
  const ports = { http: await freePort(), rpc: await freePort() };
  const config = join(folder, 'influxdb.conf');
  await writeFile(config, configText(folder, ports));
  const url = `http://127.0.0.1:${ports.http}`;
  let program: Program | undefined;

  async function start(): Promise<void> {
    program = await startProgram({ command: PROGRAMS.influxd.file, args: ['-config', config], folder });
    await waitFor('InfluxDB', async () => (await fetch(`${url}/ping`)).ok);
  }

  async function query(statement: string): Promise<readonly (readonly unknown[])[]> {
    const parameters = new URLSearchParams({ db: INFLUX_BUCKET, epoch: 'ms', q: statement });
    const response = await fetch(`${url}/query?${parameters}`, { method: 'POST' });
    const { results } = (await response.json()) as Answer;
    const problem = results?.[0]?.error;
    if (problem !== undefined) throw new AftercareError('BENCH_INFLUX_REFUSED', `${statement}: ${problem}`);
    return results?.[0]?.series?.[0]?.values ?? [];
  }

  await start();
  return {
    url,
    variables: { INFLUX_URL: url, INFLUX_BUCKET },
    pid: () => program?.pid ?? 0,
    start,
    stop: async () => program?.stop(),
    query,
    async count(field) {
      const rows = await query(`select count("${field}") from "ac_unit"`);
      return Number(rows[0]?.[1] ?? 0);
    },
    [Symbol.asyncDispose]: async () => program?.stop(),
  };
}
