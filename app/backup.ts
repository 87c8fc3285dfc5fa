import { access, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeBackup } from '#platform/backup/write-backup.ts';
import { AftercareError } from '#platform/errors.ts';
import { openCliDatabase, runCli } from './cli-database.ts';

await runCli(async () => {
  const { values } = parseArgs({ options: { out: { type: 'string', short: 'o' } } });
  const nowMs = Date.now();
  const stamp = new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  await using database = await openCliDatabase({ whenInUse: 'join', mustExist: true });
  const folder = join(database.dataDir, 'backups');
  if (values.out === undefined) await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = values.out ?? join(folder, `aftercare-${stamp}.backup.gz`);
  const keyFile = join(database.dataDir, 'secret.key');
  const secretKey = (await isThere(keyFile)) ? await readFile(keyFile) : null;
  if (secretKey === null && process.env.SECRET_KEY === undefined) {
    throw new AftercareError(
      'BACKUP_SECRET_KEY_MISSING',
      `${keyFile} is missing: set DATA_DIR to the folder Aftercare runs with`,
    );
  }
  const { tables, rows } = await writeBackup({ url: database.url, secretKey, nowMs }, file, console.error);
  console.error(`${file}: ${rows} rows of ${tables} tables. It holds your secret key: keep it safe.`);
});

function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
