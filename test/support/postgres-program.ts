import { openDatabase } from '#platform/db/db.ts';
import { createLog } from '#platform/log.ts';
import { startPostgres } from '#platform/postgres/embedded-postgres.ts';

/**
 * A process that runs PostgreSQL on the folder it is given and prints one line of JSON when it is up. Told to
 * end, it asks the server one more question, prints the answer and stops it.
 */
async function main(dataDir: string): Promise<void> {
  const postgres = await startPostgres({
    dataDir,
    log: createLog({ level: 'silent', format: 'json' }),
    settings: { fsync: 'off' },
  });
  const end = async () => {
    await using database = openDatabase({ url: postgres.url, maxConnections: 1 }, () => undefined);
    const { rows } = await database.pool.query("select 'served to the end' as answer");
    await postgres.stop();
    console.log(JSON.stringify(rows[0]));
  };
  process.once('SIGINT', () => void end());
  process.once('SIGTERM', () => void end());
  console.log(JSON.stringify({ url: postgres.url, port: postgres.port }));
}

await main(process.argv[2] ?? '').catch((error: Error) => {
  console.log(JSON.stringify({ refused: error.message }));
  process.exitCode = 1;
});
