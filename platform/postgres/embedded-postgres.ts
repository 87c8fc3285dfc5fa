import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { AftercareError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { findPackage, prepareBinaries } from './binaries.ts';
import { type DataFolder, type PidFile, prepareDataFolder, ROLE, readPidFile } from './data-folder.ts';
import { isAlive } from './is-alive.ts';
import { freePort, type PostmasterPlan, startPostmaster, stopPostmaster } from './postmaster.ts';

const DATABASE = 'aftercare';
const OWNER_LOCK = 4_710_521_840_173;
const OWNER_WAIT_MS = 2_000;
const STARTING_WAIT_MS = 60_000;
const POLL_MS = 25;
const RESTART_DELAY_MAX_MS = 5_000;
const PORT_TRIES = 3;

export interface PostgresSettings {
  readonly dataDir: string;
  /** 0 or absent: any free port. A server found running keeps the port it has. */
  readonly port?: number;
  readonly log: Logger;
  /** Server settings over our defaults, as in postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>;
  /** What to do when another live process runs this folder; joined, `stop` leaves the server running. */
  readonly whenInUse?: 'refuse' | 'join';
}

export interface EmbeddedPostgres extends AsyncDisposable {
  /** Of the database `aftercare`, with its password. */
  readonly url: string;
  /** Of the maintenance database, same role. */
  readonly adminUrl: string;
  readonly port: number;
  /** Ends the server, and with it every connection. Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Runs our own PostgreSQL on that folder, making the folder the first time. A server that a killed process of
 * ours left running there is taken over; one that dies under us is restarted on the same port.
 *
 * Throws POSTGRES_… errors whose message is one sentence for the person who starts Aftercare.
 */
export async function startPostgres(settings: PostgresSettings): Promise<EmbeddedPostgres> {
  const binaries = await prepareBinaries(findPackage());
  const folder = await prepareDataFolder(settings.dataDir, binaries, settings.settings?.fsync !== 'off');
  const plan: PostmasterPlan = { folder, binaries, settings: settings.settings ?? {} };
  const { log } = settings;

  const found = await findRunning(folder);
  const server = found ?? (await startOnFreePort(plan, settings.port ?? 0));
  const { port } = server;
  const urls = { url: urlOf(folder, port, DATABASE), adminUrl: urlOf(folder, port, 'postgres'), port };
  const owner = await claim(urls.adminUrl, settings.whenInUse === 'join' ? 0 : OWNER_WAIT_MS);
  if (owner === undefined) return asGuest(settings, urls);
  log.info({ port, adopted: found !== undefined }, 'PostgreSQL runs');
  await ensureDatabase(owner);
  const stop = supervise({ plan, port, adminUrl: urls.adminUrl, log }, owner, server.pid);
  return { ...urls, stop, [Symbol.asyncDispose]: stop };
}

function asGuest(
  { dataDir, whenInUse }: PostgresSettings,
  urls: Pick<EmbeddedPostgres, 'url' | 'adminUrl' | 'port'>,
): EmbeddedPostgres {
  if (whenInUse !== 'join') {
    throw new AftercareError(
      'POSTGRES_DATA_FOLDER_IN_USE',
      `another process runs on the data folder ${dataDir}: stop it, or set DATA_DIR to another folder`,
    );
  }
  const stop = async () => {};
  return { ...urls, stop, [Symbol.asyncDispose]: stop };
}

interface Supervised {
  readonly plan: PostmasterPlan;
  readonly port: number;
  readonly adminUrl: string;
  readonly log: Logger;
}

/**
 * Keeps the server up until the returned function is called. The owner's connection is both the sign to other
 * processes that the folder is in use and the first to notice that the server died.
 */
function supervise(server: Supervised, firstOwner: pg.Client, firstPid: number): () => Promise<void> {
  let owner = firstOwner;
  let pid = firstPid;
  let stopping: Promise<void> | undefined;
  let recovering: Promise<void> = Promise.resolve();

  const watch = () => {
    owner.once('end', () => {
      if (stopping === undefined) recovering = recover();
    });
  };

  const recover = async () => {
    server.log.error({ port: server.port }, 'PostgreSQL went away');
    for (let delayMs = 100; stopping === undefined; delayMs = Math.min(delayMs * 2, RESTART_DELAY_MAX_MS)) {
      try {
        const running =
          (await findRunning(server.plan.folder)) ?? (await startPostmaster(server.plan, server.port));
        pid = running.pid;
        const claimed = await claim(server.adminUrl, OWNER_WAIT_MS);
        if (claimed !== undefined) {
          owner = claimed;
          watch();
          server.log.info({ port: server.port }, 'PostgreSQL runs again');
          return;
        }
      } catch (error) {
        server.log.error({ err: error, retryInMs: delayMs }, 'PostgreSQL did not come back yet');
      }
      await delay(delayMs);
    }
  };

  const stop = async () => {
    await recovering;
    await owner.end().catch(() => undefined);
    await stopPostmaster(server.plan.folder, pid);
  };

  watch();
  return () => {
    stopping ??= stop();
    return stopping;
  };
}

async function startOnFreePort(plan: PostmasterPlan, wanted: number): Promise<PidFile> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort(wanted);
    try {
      return await startPostmaster(plan, port);
    } catch (error) {
      const lostRace = error instanceof AftercareError && error.code === 'POSTGRES_PORT_TAKEN';
      if (!lostRace || wanted !== 0 || attempt === PORT_TRIES) throw error;
    }
  }
}

/** The server that runs on this very folder, waiting for one that is just starting or stopping. */
async function findRunning(folder: DataFolder): Promise<PidFile | undefined> {
  const deadlineMs = Date.now() + STARTING_WAIT_MS;
  while (Date.now() < deadlineMs) {
    const noted = await readPidFile(folder.cluster);
    if (noted === undefined || !isAlive(noted.pid)) return undefined;
    if (noted.ready) return (await servesFolder(folder, noted.port)) ? noted : undefined;
    await delay(POLL_MS);
  }
  return undefined;
}

async function servesFolder(folder: DataFolder, port: number): Promise<boolean> {
  try {
    const client = await connect(urlOf(folder, port, 'postgres'));
    const { rows } = await client.query<{ data_directory: string }>('show data_directory');
    await client.end();
    return rows[0]?.data_directory === folder.cluster;
  } catch {
    return false;
  }
}

/** A connection that holds the folder's lock; undefined when a live process keeps it. */
async function claim(adminUrl: string, waitMs: number): Promise<pg.Client | undefined> {
  const client = await connect(adminUrl);
  const deadlineMs = Date.now() + waitMs;
  do {
    const { rows } = await client.query<{ claimed: boolean }>('select pg_try_advisory_lock($1) as claimed', [
      OWNER_LOCK,
    ]);
    if (rows[0]?.claimed) return client;
    await delay(POLL_MS);
  } while (Date.now() < deadlineMs);
  await client.end();
  return undefined;
}

async function ensureDatabase(client: pg.Client): Promise<void> {
  const { rowCount } = await client.query('select from pg_database where datname = $1', [DATABASE]);
  if (rowCount === 0) await client.query(`create database ${DATABASE}`);
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'aftercare-postgres' });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

function urlOf(folder: DataFolder, port: number, database: string): string {
  return `postgres://${ROLE}:${folder.password}@127.0.0.1:${port}/${database}`;
}
