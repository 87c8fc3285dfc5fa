import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createLog } from '#platform/log.ts';
import { readPidFile } from '#platform/postgres/data-folder.ts';
import { startPostgres } from '#platform/postgres/embedded-postgres.ts';
import { isAlive } from '#platform/postgres/is-alive.ts';
import { type ApiClient, signIn } from './api-client.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const ADMIN_PASSWORD = 'admin of the tests';

export interface AppProgramOptions {
  readonly dataDir: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Words before the command, e.g. to run it as somebody else. */
  readonly prefix?: readonly string[];
}

/** `npm start` as a process of its own, on free ports and without simulated units unless told otherwise. */
export interface AppProgram extends AsyncDisposable {
  readonly httpUrl: string;
  readonly mqttPort: number;
  readonly api: ApiClient;
  kill(signal: NodeJS.Signals): void;
  /** Its exit code once it has ended; null when a signal ended it. */
  readonly exit: Promise<number | null>;
}

function launch({ dataDir, env = {}, prefix = [] }: AppProgramOptions) {
  const { DATABASE_URL: _, SECRET_KEY: __, REDIS_URL: ___, INFLUX_URL: ____, ...inherited } = process.env;
  const command = [...prefix, process.execPath, '--import', 'tsx', join(PROJECT, 'app/main.ts')];
  const child = spawn(command[0] ?? '', command.slice(1), {
    cwd: PROJECT,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...inherited,
      HTTP_PORT: '0',
      MQTT_PORT: '0',
      OCPP_PORT: '0',
      SIMULATE: '0',
      LOG_LEVEL: 'warn',
      LOG_FORMAT: 'json',
      ADMIN_PASSWORD,
      DATA_DIR: dataDir,
      ...env,
    },
  });
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk) => {
    said.out += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    said.err += String(chunk);
  });
  const exit = once(child, 'close').then(([code]): number | null => code);
  return { child, said, exit };
}

/** Starts it and waits for its start block. */
export async function startAppProgram(options: AppProgramOptions): Promise<AppProgram> {
  const { child, said, exit } = launch(options);
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    await exit;
    await stopPostgresOf(options.dataDir);
  };
  try {
    while (!said.out.includes('  data ')) {
      const ended = await Promise.race([once(child.stdout, 'data').then(() => false), exit.then(() => true)]);
      if (ended) throw new RangeError(`did not start: ${said.out}${said.err}`);
    }
    const port = (scheme: string) => Number(new RegExp(`${scheme}://[^:]+:(\\d+)`).exec(said.out)?.[1]);
    const httpUrl = `http://127.0.0.1:${port('http')}`;
    return {
      httpUrl,
      mqttPort: port('mqtt'),
      api: await signIn(httpUrl, 'admin', ADMIN_PASSWORD),
      kill: (signal) => void child.kill(signal),
      exit,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What a process started may outlive it by this much: it ends when it sees its pipe closed. */
const LINGER_MS = 5_000;

/** Runs a start that is expected to fail, to its end. */
export async function refusedStart(options: AppProgramOptions) {
  const { child, said, exit } = launch(options);
  const code = await exit;
  const { pid = 0 } = child;
  const deadline = Date.now() + LINGER_MS;
  while (isAlive(-pid) && Date.now() < deadline) await wait(20);
  return { code, said: `${said.out}${said.err}`.trim(), leavesProcesses: isAlive(-pid) };
}

/** The embedded PostgreSQL that runs in that data folder, or undefined. */
export async function postgresPid(dataDir: string): Promise<number | undefined> {
  const noted = await readPidFile(join(dataDir, 'postgres', 'cluster'));
  return noted !== undefined && isAlive(noted.pid) ? noted.pid : undefined;
}

async function stopPostgresOf(dataDir: string): Promise<void> {
  if ((await postgresPid(dataDir)) === undefined) return;
  const log = createLog({ level: 'silent', format: 'json' });
  await (await startPostgres({ dataDir: join(dataDir, 'postgres'), log })).stop();
}
