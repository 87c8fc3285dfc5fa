import { access } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { AftercareError } from '#platform/errors.ts';
import { createLog } from '#platform/log.ts';
import { startPostgres } from '#platform/postgres/embedded-postgres.ts';

export interface CliDatabase extends AsyncDisposable {
  readonly url: string;
  readonly dataDir: string;
}

export interface CliDatabaseOptions {
  readonly whenInUse: 'refuse' | 'join';
  /** Refuse a folder that no Aftercare has run in, rather than make a database there. */
  readonly mustExist: boolean;
}

/** The database of DATABASE_URL, else the embedded one in DATA_DIR: running already, or started for this. */
export async function openCliDatabase({ whenInUse, mustExist }: CliDatabaseOptions): Promise<CliDatabase> {
  const dataDir = resolve(process.env.DATA_DIR ?? './data');
  const url = process.env.DATABASE_URL;
  if (url !== undefined && url !== '') return { url, dataDir, [Symbol.asyncDispose]: async () => {} };
  const folder = join(dataDir, 'postgres');
  if (mustExist) await access(join(folder, 'cluster')).catch(() => refuse(dataDir));
  const postgres = await startPostgres({
    dataDir: folder,
    whenInUse,
    log: createLog({ level: 'warn', format: 'json' }),
  });
  return { url: postgres.url, dataDir, [Symbol.asyncDispose]: postgres.stop };
}

/** Runs a command; a refusal is one line on stderr and exit code 1. */
export async function runCli(command: () => Promise<void>): Promise<void> {
  try {
    await command();
  } catch (error) {
    process.exitCode = 1;
    console.error(error instanceof AftercareError ? `${error.code}: ${error.message}` : error);
  }
}

function refuse(dataDir: string): never {
  throw new AftercareError(
    'BACKUP_NOTHING_THERE',
    `no database in ${dataDir}: set DATA_DIR to the folder Aftercare runs with`,
  );
}
