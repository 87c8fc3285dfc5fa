import { expect, test } from 'vitest';
import { readConfig } from '#app/config.ts';
import { startApp } from '#app/start-app.ts';
import { createLog } from '#platform/log.ts';
import { openTestDatabase } from '../support/test-database.ts';
import { openTestFolder } from '../support/test-folder.ts';

const log = createLog({ level: 'silent', format: 'json' });

test('a second process on the same data folder is refused, and may start once the first has stopped', async () => {
  await using folder = await openTestFolder();
  await using database = await openTestDatabase();
  const config = readConfig({
    HTTP_PORT: '0',
    MQTT_PORT: '0',
    OCPP_PORT: '0',
    DATA_DIR: folder.path,
    DATABASE_URL: database.url,
  });
  {
    await using _ = await startApp(config, { log });
    await expect(startApp(config, { log })).rejects.toMatchObject({ code: 'APP_DATA_DIR_IN_USE' });
  }
  await using again = await startApp(config, { log });
  expect(again.httpPort).toBeGreaterThan(0);
});
