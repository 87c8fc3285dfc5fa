import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createLog } from '#platform/log.ts';
import { readPidFile } from '#platform/postgres/data-folder.ts';
import { startPostgres } from '#platform/postgres/embedded-postgres.ts';
import { isAlive } from '#platform/postgres/is-alive.ts';

const PREFIX = 'aftercare-test-';

export interface TestFolder extends AsyncDisposable {
  readonly path: string;
}

/**
 * A temporary folder, gone when disposed. If the run is killed first, the next run removes it and stops any
 * PostgreSQL still running in it.
 */
export async function openTestFolder(): Promise<TestFolder> {
  const path = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Clears what test runs that were killed left behind. */
export async function sweepTestFolders(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const owner = Number(new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1]);
    if (!(owner > 0) || isAlive(owner)) continue;
    // Runs that start together sweep together: what one has stopped or removed is a failure to the other.
    await sweep(join(tmpdir(), name)).catch(() => undefined);
  }
}

async function sweep(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true })) {
    if (entry.endsWith(join('cluster', 'postmaster.pid'))) await stopServer(dirname(join(folder, entry)));
  }
  await rm(folder, { recursive: true, force: true });
}

async function stopServer(cluster: string): Promise<void> {
  const noted = await readPidFile(cluster);
  if (noted === undefined || !isAlive(noted.pid)) return;
  const log = createLog({ level: 'silent', format: 'json' });
  await (await startPostgres({ dataDir: dirname(cluster), log })).stop();
}
