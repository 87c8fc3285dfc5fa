import { describe } from 'vitest';
import { openInfluxStore } from '#ingest/telemetry/influx/influx-store.ts';
import { openPostgresStore } from '#ingest/telemetry/postgres/postgres-store.ts';
import { createLog } from '#platform/log.ts';
import { createMetrics } from '#platform/metrics/metrics.ts';
import { hasInflux, openTestInflux } from '#test/support/influx-server.ts';
import { openTestDatabase } from '#test/support/test-database.ts';
import { describeTelemetryStore } from './telemetry-store.ts';

const log = createLog({ level: 'silent', format: 'json' });

describeTelemetryStore('telemetry in PostgreSQL', async (clock) => {
  const database = await openTestDatabase();
  const openAgain = () => openPostgresStore({ ...database, clock }, { rawDays: 30 });
  return { store: await openAgain(), openAgain, [Symbol.asyncDispose]: database[Symbol.asyncDispose] };
});

describe.skipIf(!hasInflux())('InfluxDB 1.6', () => {
  describeTelemetryStore('telemetry in InfluxDB', async (clock) => {
    const database = await openTestDatabase();
    const server = await openTestInflux();
    const openAgain = () =>
      openInfluxStore(
        { db: database.db, clock, log, metrics: createMetrics(), onRefused: () => undefined },
        { url: server.url, token: undefined, org: 'o', bucket: 'telemetry of "us"', rawDays: 30 },
      );
    const store = await openAgain();
    return {
      store,
      openAgain,
      async [Symbol.asyncDispose]() {
        await store[Symbol.asyncDispose]();
        await server[Symbol.asyncDispose]();
        await database[Symbol.asyncDispose]();
      },
    };
  });
});
