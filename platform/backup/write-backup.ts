import { createHash } from 'node:crypto';
import { access, rename, rm } from 'node:fs/promises';
import pg from 'pg';
import { AftercareError } from '../errors.ts';
import {
  FORMAT,
  FORMAT_VERSION,
  FRAME_MAX_BYTES,
  type Frame,
  type Header,
  jsonFrame,
  type TableEnd,
  type TableStart,
  type Trailer,
  writeFrames,
} from './backup-file.ts';
import {
  identifier,
  listMigrations,
  listPartitions,
  listSequences,
  listTables,
  PLAIN_TEXT,
  quoted,
} from './catalogue.ts';
import { copyOut } from './copy.ts';

export interface BackupSource {
  readonly url: string;
  /** Content of the installation's key file; null when the key is kept elsewhere. */
  readonly secretKey: Buffer | null;
  readonly nowMs: number;
}

/** Told once a table; for people. */
export type Progress = (line: string) => void;

export interface BackupSummary {
  readonly tables: number;
  readonly rows: number;
}

/**
 * Writes every table of schema public, as one instant saw them, with the sequences and the secret key, to one
 * file. Work goes on meanwhile. The file appears under its name only when it is whole; an existing one is
 * refused. Who holds the file holds the installation: only its owner may read it.
 */
export async function writeBackup(
  source: BackupSource,
  file: string,
  progress: Progress,
): Promise<BackupSummary> {
  if (await exists(file)) {
    throw new AftercareError('BACKUP_FILE_EXISTS', `${file} exists already: choose another name`);
  }
  const draft = `${file}.part`;
  const client = new pg.Client({ connectionString: source.url, application_name: 'aftercare-backup' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query(`begin isolation level repeatable read read only; ${PLAIN_TEXT}`);
    const summary = { tables: 0, rows: 0 };
    await writeFrames(draft, frames({ client, source, progress, summary }));
    await rename(draft, file);
    return summary;
  } finally {
    await client.end();
    await rm(draft, { force: true });
  }
}

interface Run {
  readonly client: pg.Client;
  readonly source: BackupSource;
  readonly progress: Progress;
  readonly summary: { tables: number; rows: number };
}

async function* frames(run: Run): AsyncGenerator<Frame> {
  const { client, source, summary } = run;
  const header: Header = {
    format: FORMAT,
    version: FORMAT_VERSION,
    createdAt: new Date(source.nowMs).toISOString(),
    migrations: await listMigrations(client),
    partitions: await listPartitions(client),
    secretKey: source.secretKey?.toString('base64') ?? null,
  };
  if (header.migrations.length === 0) {
    throw new AftercareError('BACKUP_NOTHING_THERE', 'the database holds nothing of Aftercare yet');
  }
  yield jsonFrame('H', header);
  for (const table of await listTables(client)) yield* tableFrames(run, table);
  const trailer: Trailer = { tables: summary.tables, sequences: await listSequences(client) };
  yield jsonFrame('Z', trailer);
}

async function* tableFrames({ client, progress, summary }: Run, table: TableStart): AsyncGenerator<Frame> {
  yield jsonFrame('T', table);
  const columns = table.columns.map(identifier).join(', ');
  const { bytes, rows } = copyOut(client, `copy (select ${columns} from ${quoted(table.table)}) to stdout`);
  const hash = createHash('sha256');
  for await (const payload of inPieces(bytes)) {
    hash.update(payload);
    yield { kind: 'D', payload };
  }
  const end: TableEnd = { rows: rows(), sha256: hash.digest('hex') };
  yield jsonFrame('E', end);
  summary.tables += 1;
  summary.rows += end.rows;
  progress(`${table.table}: ${end.rows} rows`);
}

/** Joins what is small and cuts what is large, so that a frame is worth its head and fits its bound. */
async function* inPieces(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let waiting: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    for (let from = 0; from < chunk.length; from += FRAME_MAX_BYTES / 2) {
      const piece = chunk.subarray(from, from + FRAME_MAX_BYTES / 2);
      waiting.push(piece);
      size += piece.length;
      if (size >= FRAME_MAX_BYTES / 8) {
        yield Buffer.concat(waiting);
        waiting = [];
        size = 0;
      }
    }
  }
  if (size > 0) yield Buffer.concat(waiting);
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
