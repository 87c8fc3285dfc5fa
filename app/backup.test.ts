import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { openDatabase } from '#platform/db/db.ts';
import { migrate } from '#platform/db/migrate.ts';
import { createLog } from '#platform/log.ts';
import { startPostgres } from '#platform/postgres/embedded-postgres.ts';
import { openTestFolder } from '#test/support/test-folder.ts';
import { ALL_MIGRATIONS } from './migrations.ts';

const run = promisify(execFile);
const log = createLog({ level: 'silent', format: 'json' });
const PROJECT = fileURLToPath(new URL('..', import.meta.url));

async function openFolders() {
  const folder = await openTestFolder();
  const file = join(folder.path, 'saved.backup.gz');
  return {
    oldDir: join(folder.path, 'old'),
    newDir: join(folder.path, 'new'),
    file,
    [Symbol.asyncDispose]: folder[Symbol.asyncDispose],
  };
}

/** A command of ours on that data folder; resolves with what it told people. */
async function command(script: string, dataDir: string, args: readonly string[]): Promise<string> {
  const { DATABASE_URL: _, SECRET_KEY: __, ...env } = process.env;
  const { stderr } = await run(process.execPath, ['--import', 'tsx', `app/${script}.ts`, ...args], {
    cwd: PROJECT,
    env: { ...env, DATA_DIR: dataDir },
  });
  return stderr;
}

function openPostgres(dataDir: string) {
  return startPostgres({ dataDir: join(dataDir, 'postgres'), log, settings: { fsync: 'off' } });
}

test('a backup made while Aftercare runs, and one made while it is stopped, restore elsewhere', {
  timeout: 120_000,
}, async () => {
  await using folders = await openFolders();
  await mkdir(folders.oldDir);
  await writeFile(join(folders.oldDir, 'secret.key'), 'the key');
  {
    await using postgres = await openPostgres(folders.oldDir);
    await using database = openDatabase({ url: postgres.url, maxConnections: 2 }, () => undefined);
    await migrate(database.db, ALL_MIGRATIONS);
    await database.pool.query(
      `insert into audit_block select n, n, '\\x00ff', '2026-11-21Z' from generate_series(1, 100) n`,
    );
    expect(await command('backup', folders.oldDir, ['--out', folders.file])).toContain('keep it safe');
    expect((await database.pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  }
  await rm(folders.file);
  await command('backup', folders.oldDir, ['--out', folders.file]);

  expect(await command('restore', folders.newDir, [folders.file])).toContain('are back');
  expect(await readFile(join(folders.newDir, 'secret.key'), 'utf8')).toBe('the key');
  await expect(command('restore', folders.newDir, [folders.file])).rejects.toThrow('BACKUP_TARGET_NOT_EMPTY');
  await using postgres = await openPostgres(folders.newDir);
  await using database = openDatabase({ url: postgres.url, maxConnections: 2 }, () => undefined);
  const { rows } = await database.pool.query(
    'select count(*) as blocks, sum(row_count) as rows from audit_block',
  );
  expect(rows).toEqual([{ blocks: 100, rows: 5050 }]);
});

test('a folder in which no Aftercare ran is refused, not made', async () => {
  await using folders = await openFolders();
  await expect(command('backup', folders.oldDir, ['--out', folders.file])).rejects.toThrow(
    `BACKUP_NOTHING_THERE: no database in ${folders.oldDir}`,
  );
  await expect(readFile(folders.oldDir)).rejects.toMatchObject({ code: 'ENOENT' });
});
