import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { type Database, openDatabase } from '#platform/db/db.ts';
import { migrate } from '#platform/db/migrate.ts';
import { AftercareError } from '#platform/errors.ts';
import { newId } from '#platform/ids.ts';
import type { Lifecycle } from '#platform/lifecycle/lifecycle.ts';
import type { Logger } from '#platform/log.ts';
import { startPostgres } from '#platform/postgres/embedded-postgres.ts';
import { ALL_MIGRATIONS } from './migrations.ts';

export interface Storage extends Database {
  readonly url: string;
}

const MAX_CONNECTIONS = 20;
const STOP_MS = 15_000;

/** The data folder, made where it is missing; one sentence when it cannot be. */
export async function openDataFolder(dataDir: string): Promise<void> {
  try {
    await mkdir(dataDir, { recursive: true });
    await writeFile(join(dataDir, '.writable'), '');
  } catch (error) {
    throw new AftercareError(
      'APP_DATA_DIR_UNWRITABLE',
      `cannot write in ${dataDir} (${String(error)}): give this user the folder, or set DATA_DIR to another`,
      { kind: 'unavailable', cause: error },
    );
  }
}

/** The name of this node, kept in its data folder: the durable log and rule state are filed under it. */
export async function readNodeId(dataDir: string): Promise<string> {
  const file = join(dataDir, 'node-id');
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch {
    const nodeId = newId();
    await writeFile(file, `${nodeId}\n`);
    return nodeId;
  }
}

/** The database of `databaseUrl`, else the embedded one; migrated. */
export async function openStorage(
  { lifecycle, log }: { lifecycle: Lifecycle; log: Logger },
  { dataDir, databaseUrl }: { dataDir: string; databaseUrl: string | undefined },
): Promise<Storage> {
  const url = databaseUrl ?? (await startEmbedded({ lifecycle, log }, dataDir));
  const database = openDatabase({ url, maxConnections: MAX_CONNECTIONS }, (error) =>
    log.warn({ err: error }, 'a database connection was lost'),
  );
  lifecycle.use('database', database);
  const applied = await migrate(database.db, ALL_MIGRATIONS);
  if (applied.length > 0) log.info({ applied: applied.length }, 'database schema brought up to date');
  return { ...database, url };
}

const HOLD_TRIES = 25;
const HOLD_EVERY_MS = 200;

/**
 * Claims the node's data folder for this process, for as long as its connection lives: two writers would spoil
 * the durable log. A process that was killed lets go when the database notices, hence the tries.
 */
export async function holdDataFolder(
  { lifecycle, log }: { lifecycle: Lifecycle; log: Logger },
  { url, nodeId, dataDir }: { url: string; nodeId: string; dataDir: string },
): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', (error) =>
    log.warn({ err: error }, 'the connection that holds the data folder was lost'),
  );
  await client.connect();
  lifecycle.defer('data folder', () => client.end());
  for (let tries = 0; tries < HOLD_TRIES; tries++) {
    const { rows } = await client.query<{ held: boolean }>(
      'select pg_try_advisory_lock(hashtextextended($1, 0)) as held',
      [`data folder of node ${nodeId}`],
    );
    if (rows[0]?.held === true) return;
    await wait(HOLD_EVERY_MS);
  }
  throw new AftercareError(
    'APP_DATA_DIR_IN_USE',
    `another Aftercare process runs on ${dataDir}: stop it, or set DATA_DIR to a folder of this one's own`,
    { kind: 'unavailable' },
  );
}

async function startEmbedded(
  { lifecycle, log }: { lifecycle: Lifecycle; log: Logger },
  dataDir: string,
): Promise<string> {
  const postgres = await startPostgres({
    dataDir: join(dataDir, 'postgres'),
    log: log.child({ part: 'postgres' }),
  });
  lifecycle.use('postgres', postgres, STOP_MS);
  return postgres.url;
}
