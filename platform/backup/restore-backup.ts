import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import pg from 'pg';
import { openDatabase } from '../db/db.ts';
import { type Migrations, migrate } from '../db/migrate.ts';
import { AftercareError } from '../errors.ts';
import {
  corrupt,
  FORMAT_VERSION,
  type Frame,
  type Header,
  readFrames,
  readJson,
  TableEnd,
  TableStart,
  Trailer,
} from './backup-file.ts';
import { foreignKeys, identifier, listTables, PLAIN_TEXT, quoted } from './catalogue.ts';
import { copyIn } from './copy.ts';
import { openOnClient } from './one-transaction.ts';
import { nextFrame, verifyBackup } from './verify-backup.ts';
import type { BackupSummary, Progress } from './write-backup.ts';

export interface RestoreTarget {
  readonly url: string;
  readonly migrations: readonly Migrations[];
  /** Where the installation keeps its key; written when the backup carries one. */
  readonly secretKeyFile: string;
}

/**
 * Loads a backup into an empty database, all or nothing, and brings the schema up to date. Refuses a database
 * with tables in it, a backup of a newer release and a damaged file, each with one sentence.
 */
export async function restoreBackup(
  file: string,
  target: RestoreTarget,
  progress: Progress,
): Promise<BackupSummary> {
  const header = await verifyBackup(file);
  refuseNewer(header, target);
  const client = new pg.Client({ connectionString: target.url, application_name: 'aftercare-restore' });
  client.on('error', () => undefined);
  await client.connect();
  let keyWritten = false;
  try {
    await client.query(`begin; ${PLAIN_TEXT}`);
    await refuseUnlessEmpty(client);
    await makeSchema(client, header, target);
    const summary = await loadAll(client, file, progress);
    keyWritten = await placeSecretKey(header, target.secretKeyFile);
    await client.query('commit');
    keyWritten = false;
    await bringUpToDate(target);
    return summary;
  } finally {
    if (keyWritten) await rm(target.secretKeyFile, { force: true });
    await client.end();
  }
}

function refuseNewer(header: Header, { migrations }: RestoreTarget): void {
  const known = new Set(migrations.flatMap((source) => Object.keys(source)));
  const unknown = header.migrations.filter((name) => !known.has(name));
  if (header.version <= FORMAT_VERSION && unknown.length === 0) return;
  throw new AftercareError(
    'BACKUP_NEWER',
    `the backup of ${header.createdAt} comes from a newer release (${unknown[0] ?? `format ${header.version}`}): restore it with that release or a later one`,
    { kind: 'invalid' },
  );
}

async function refuseUnlessEmpty(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    "select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') limit 1",
  );
  if (rows[0] === undefined) return;
  throw new AftercareError(
    'BACKUP_TARGET_NOT_EMPTY',
    `the database is not empty (it has the table ${rows[0].name}): restore into a new database or another DATA_DIR`,
    { kind: 'conflict' },
  );
}

/** The schema as the backup knew it: only its own migrations run, inside our transaction. */
async function makeSchema(client: pg.Client, header: Header, target: RestoreTarget): Promise<void> {
  const applied = new Set(header.migrations);
  const sources = target.migrations.map((source) =>
    Object.fromEntries(Object.entries(source).filter(([name]) => applied.has(name))),
  );
  await migrate(openOnClient(client), sources);
  for (const { definition } of header.partitions) await client.query(definition);
}

async function loadAll(client: pg.Client, file: string, progress: Progress): Promise<BackupSummary> {
  const keys = await foreignKeys(client);
  for (const statement of keys.drop) await client.query(statement);
  const names = (await listTables(client)).map(({ table }) => quoted(table));
  for (const name of names) await client.query(`alter table ${name} disable trigger user`);
  if (names.length > 0) await client.query(`truncate ${names.join(', ')}`);

  const frames = readFrames(file);
  const summary = await loadTables(client, frames, progress).finally(() => frames.return(undefined));
  for (const name of names) await client.query(`alter table ${name} enable trigger user`);
  for (const statement of keys.add) await client.query(statement);
  return summary;
}

async function loadTables(
  client: pg.Client,
  frames: AsyncGenerator<Frame>,
  progress: Progress,
): Promise<BackupSummary> {
  const summary = { tables: 0, rows: 0 };
  await nextFrame(frames);
  let frame = await nextFrame(frames);
  for (; frame.kind === 'T'; frame = await nextFrame(frames)) {
    const start = readJson(frame, 'T', TableStart);
    const rows = await loadTable(client, frames, start);
    summary.tables += 1;
    summary.rows += rows;
    progress(`${start.table}: ${rows} rows`);
  }
  for (const { name, value, called } of readJson(frame, 'Z', Trailer).sequences) {
    await client.query('select setval($1::regclass, $2, $3)', [quoted(name), value, called]);
  }
  return summary;
}

async function loadTable(
  client: pg.Client,
  frames: AsyncGenerator<Frame>,
  { table, columns }: TableStart,
): Promise<number> {
  let end: TableEnd | undefined;
  async function* data(): AsyncGenerator<Buffer> {
    let frame = await nextFrame(frames);
    for (; frame.kind === 'D'; frame = await nextFrame(frames)) yield frame.payload;
    end = readJson(frame, 'E', TableEnd);
  }
  const rows = await copyIn(
    client,
    `copy ${quoted(table)} (${columns.map(identifier).join(', ')}) from stdin`,
    data(),
  );
  if (rows !== end?.rows) throw corrupt(`${table} has ${rows} rows where ${end?.rows} were written`);
  return rows;
}

/** Whether it wrote one. A different key in place is refused: data of one cannot be read with the other. */
async function placeSecretKey(header: Header, file: string): Promise<boolean> {
  if (header.secretKey === null) return false;
  const key = Buffer.from(header.secretKey, 'base64');
  const present = await readFile(file).catch(() => undefined);
  if (present?.equals(key)) return false;
  if (present !== undefined) {
    throw new AftercareError(
      'BACKUP_SECRET_KEY_DIFFERS',
      `${file} holds another key than the backup: move it away or set DATA_DIR to another folder`,
      { kind: 'conflict' },
    );
  }
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(file, key, { mode: 0o600, flag: 'wx', flush: true });
  return true;
}

async function bringUpToDate({ url, migrations }: RestoreTarget): Promise<void> {
  await using database = openDatabase({ url, maxConnections: 1 }, () => undefined);
  await migrate(database.db, migrations);
}
