import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readConfig } from '#app/config.ts';
import { startApp } from '#app/start-app.ts';
import { createEntryWriter } from '#ingest/core/entry.ts';
import { openSegmentLog } from '#ingest/log/segment-log.ts';
import { createLog } from '#platform/log.ts';
import { createApiClient } from '../support/api-client.ts';
import { openTestDatabase } from '../support/test-database.ts';
import { openTestFolder } from '../support/test-folder.ts';

const log = createLog({ level: 'silent', format: 'json' });
const MINUTE_MS = 60_000;

test('a fault that was acknowledged and nothing more before a kill opens its ticket at the next start', async () => {
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
    await using app = await startApp(config, { log });
    const api = createApiClient(`http://127.0.0.1:${app.httpPort}`, await app.mintToken(MINUTE_MS));
    await api.post('/devices', { id: 'ac-1', kind: 'ac_unit', model: 'split-generic' });
  }
  {
    await using segments = await openSegmentLog(
      { folder: join(folder.path, 'log'), maxBytes: 100_000_000, minSequence: 1 },
      log,
    );
    const batch = createEntryWriter();
    batch.message({
      deviceId: 'ac-1',
      channel: 'fault',
      payload: Buffer.from('{"code":"E1","state":"raised"}'),
      receivedAtMs: Date.now(),
      isDuplicateFlagged: false,
      packetId: 1,
      session: 'ac-1/x',
    });
    await segments.append(batch.bytes(), batch.messages);
  }
  await using app = await startApp(config, { log });
  const api = createApiClient(`http://127.0.0.1:${app.httpPort}`, await app.mintToken(MINUTE_MS));
  await expect
    .poll(async () => (await api.get('/tickets')).items)
    .toMatchObject([{ deviceId: 'ac-1', faultCode: 'E1', workOrderIds: [expect.any(String)] }]);
  const { items } = await api.get('/ledger');
  expect(items).toMatchObject([{ received: 0, spooledAtStart: 1, stored: 1, spooled: 0 }]);
});
