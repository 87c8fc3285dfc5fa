import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { restoreBackup } from '#platform/backup/restore-backup.ts';
import { AftercareError } from '#platform/errors.ts';
import { openCliDatabase, runCli } from './cli-database.ts';
import { ALL_MIGRATIONS } from './migrations.ts';

await runCli(async () => {
  const [file] = parseArgs({ allowPositionals: true }).positionals;
  if (file === undefined) {
    throw new AftercareError('BACKUP_FILE_MISSING', 'name the backup: npm run restore -- FILE');
  }
  await using database = await openCliDatabase({ whenInUse: 'refuse', mustExist: false });
  const { tables, rows } = await restoreBackup(
    file,
    {
      url: database.url,
      migrations: ALL_MIGRATIONS,
      secretKeyFile: join(database.dataDir, 'secret.key'),
    },
    console.error,
  );
  console.error(`${rows} rows of ${tables} tables are back; start Aftercare with npm start`);
});
