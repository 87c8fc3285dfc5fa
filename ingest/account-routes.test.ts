import { expect, test } from 'vitest';
import { createManualClock } from '#platform/clock.ts';
import { openFeatureApp } from '#test/support/feature-app.ts';
import { openTestDatabase } from '#test/support/test-database.ts';
import { accountRoutes } from './account-routes.ts';
import { byProtocol, createLedger, sumLedgers } from './ledger.ts';

test('the ledger tells the account of each wire, each off by nothing; a wire that carried nothing has no item', async () => {
  await using database = await openTestDatabase();
  const { db } = database;
  const ledgers = byProtocol(createLedger);
  const ingest = {
    get ledger() {
      return sumLedgers(ledgers);
    },
    ledgers,
    logBytes: () => 7,
    failure: () => null,
  };
  await using app = await openFeatureApp({ db, clock: createManualClock(0) }, [
    (http) => accountRoutes(http, { db, ingest, maxLogBytes: 100 }),
  ]);
  const read = async () => (await app.call('GET', '/ledger')).json();
  Object.assign(ledgers.mqtt, { received: 3, stored: 2, spooled: 1 });
  expect(await read()).toMatchObject({
    items: [{ protocol: 'mqtt', received: 3 }],
    byProtocol: { mqtt: { stored: 2, imbalance: 0 }, ocpp: { received: 0, imbalance: 0 } },
    imbalance: 0,
    logBytes: 7,
  });
  Object.assign(ledgers.ocpp, { received: 5, stored: 3, deadLettered: 1 });
  expect(await read()).toMatchObject({
    items: [{ protocol: 'mqtt' }, { protocol: 'ocpp', received: 5, stored: 3 }],
    byProtocol: { mqtt: { imbalance: 0 }, ocpp: { imbalance: 1 } },
    imbalance: 1,
  });
});
