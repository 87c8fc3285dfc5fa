import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { AftercareError } from '../errors.ts';
import type { Binaries } from './binaries.ts';
import { type DataFolder, type PidFile, readPidFile } from './data-folder.ts';
import { isAlive, isZombie } from './is-alive.ts';
import { commandLine } from './run-as.ts';

const HOST = '127.0.0.1';
const POLL_MS = 15;
const STOP_TIMEOUT_MS = 30_000;
const LOG_FILE_MAX_BYTES = 5_000_000;

/** Suits a small server of one to four cores; every one may be overridden. */
const SETTINGS: Readonly<Record<string, string>> = {
  shared_buffers: '256MB',
  max_connections: '200',
  synchronous_commit: 'on',
  wal_compression: 'pglz',
  max_wal_size: '2GB',
  autovacuum: 'on',
  timezone: 'UTC',
  log_timezone: 'UTC',
  huge_pages: 'off',
  log_min_messages: 'log',
  log_checkpoints: 'off',
};

export interface PostmasterPlan {
  readonly folder: DataFolder;
  readonly binaries: Binaries;
  readonly settings: Readonly<Record<string, string>>;
}

/** A port that was free a moment ago: the wanted one, or any for 0. */
export async function freePort(wanted: number): Promise<number> {
  const server = createServer();
  try {
    server.listen(wanted, HOST);
    await once(server, 'listening');
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : wanted;
  } catch (error) {
    throw portTaken(wanted, error as NodeJS.ErrnoException);
  } finally {
    server.close();
  }
}

function portTaken(port: number, cause: NodeJS.ErrnoException): AftercareError {
  return new AftercareError(
    'POSTGRES_PORT_TAKEN',
    `port ${port} on ${HOST} cannot be listened on (${cause.code}): stop what uses it or choose another port for PostgreSQL`,
    { cause },
  );
}

/**
 * Starts the server and resolves once it accepts connections. It runs detached: neither the terminal's Ctrl-C
 * nor our own death reaches it.
 */
export async function startPostmaster(plan: PostmasterPlan, port: number): Promise<PidFile> {
  const { folder } = plan;
  await forgetZombie(folder);
  await rotate(folder.logFile);
  const log = await open(folder.logFile, 'a', 0o600);
  try {
    const { uid, gid } = folder.runAs.options;
    if (uid !== undefined && gid !== undefined) await log.chown(uid, gid);
    const said = (await log.stat()).size;
    const [command, args] = commandLine(folder.runAs, plan.binaries.postgres, serverArgs(plan, port));
    const child = spawn(command, args, {
      ...folder.runAs.options,
      cwd: '/',
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    });
    child.unref();
    return await whenReady(folder, endOf(child), said);
  } finally {
    await log.close();
  }
}

/** Ends the server and what it serves, and resolves once it is gone. */
export async function stopPostmaster(folder: DataFolder, pid: number): Promise<void> {
  signal(pid, 'SIGINT');
  const deadlineMs = Date.now() + STOP_TIMEOUT_MS;
  let forced = false;
  while (isAlive(pid) && (await readPidFile(folder.cluster))?.pid === pid) {
    if (!forced && Date.now() > deadlineMs) {
      signal(pid, 'SIGQUIT');
      forced = true;
    }
    await delay(POLL_MS);
  }
}

function serverArgs({ folder, settings }: PostmasterPlan, port: number): string[] {
  const fixed = { listen_addresses: HOST, port: String(port), unix_socket_directories: '' };
  const all = { ...SETTINGS, ...settings, ...fixed };
  return [
    '-D',
    folder.cluster,
    ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
}

interface Life {
  readonly pid: number | undefined;
  endedBy: string | undefined;
}

function endOf(child: ChildProcess): Life {
  const life: Life = { pid: child.pid, endedBy: undefined };
  child.once('error', (error) => {
    life.endedBy = error.message;
  });
  child.once('exit', (code, signalName) => {
    life.endedBy = `ended with ${signalName ?? code}`;
  });
  return life;
}

async function whenReady(folder: DataFolder, life: Life, logOffset: number): Promise<PidFile> {
  for (;;) {
    if (life.endedBy !== undefined) throw await startFailure(folder, life.endedBy, logOffset);
    const running = await readPidFile(folder.cluster);
    if (running?.ready && running.pid === life.pid) return running;
    await delay(POLL_MS);
  }
}

async function startFailure(folder: DataFolder, reason: string, logOffset: number): Promise<AftercareError> {
  const said = (await readFile(folder.logFile)).subarray(logOffset).toString();
  if (said.includes('could not bind')) {
    return new AftercareError('POSTGRES_PORT_TAKEN', 'the port for PostgreSQL was taken while it started');
  }
  const line = said.split('\n').findLast((text) => /FATAL|PANIC/.test(text)) ?? reason;
  return new AftercareError(
    'POSTGRES_START_FAILED',
    `PostgreSQL did not start on ${folder.path}: ${line.trim()} (more in ${folder.logFile})`,
  );
}

/**
 * PostgreSQL takes a zombie for a live server and would not start. Without the note it still refuses while a
 * process of the old server uses its shared memory.
 */
async function forgetZombie(folder: DataFolder): Promise<void> {
  const noted = await readPidFile(folder.cluster);
  if (noted !== undefined && isZombie(noted.pid)) await rm(join(folder.cluster, 'postmaster.pid'));
}

async function rotate(file: string): Promise<void> {
  const size = await stat(file).then(
    (found) => found.size,
    () => 0,
  );
  if (size > LOG_FILE_MAX_BYTES) await rename(file, `${file}.1`);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
