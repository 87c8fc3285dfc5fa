import { expect, test } from 'vitest';
import { metricIndex } from '#contracts/metrics.ts';
import type { DeviceRef } from '#contracts/point-batch.ts';
import { createManualClock } from '#platform/clock.ts';
import { openFeatureApp } from '#test/support/feature-app.ts';
import { openTestDatabase } from '#test/support/test-database.ts';
import { createPointBuilder } from './core/point-builder.ts';
import { openPostgresStore } from './telemetry/postgres/postgres-store.ts';
import { telemetryRoutes } from './telemetry-routes.ts';

const NOW = Date.UTC(2026, 10, 22, 10);
const device = (id: string, index: number, kind: DeviceRef['kind']): DeviceRef => ({
  id,
  index,
  kind,
  model: 'm',
  unitId: 'u',
  siteId: null,
  labels: {},
});

test('the newest values of air conditioners and piles come in one answer, each by the metrics of its kind', async () => {
  await using database = await openTestDatabase();
  const { db } = database;
  const clock = createManualClock(NOW);
  const store = await openPostgresStore({ ...database, clock }, { rawDays: 30 });
  const devices = [device('ac-1', 0, 'ac_unit'), device('pile-1', 1, 'charging_pile')] as const;
  const builder = createPointBuilder();
  const [unit, pile] = devices;
  const times = { observedAtMs: NOW, receivedAtMs: NOW };
  builder.begin(unit, '', times);
  builder.add(metricIndex('ac_unit', 'supply_temp') ?? 0, 13);
  builder.end();
  builder.begin(pile, 'connector-1', times);
  builder.add(metricIndex('charging_pile', 'soc') ?? 0, 55);
  builder.end();
  await store.write([builder.finish()]);
  const findDevice = (id: string) => devices.find((each) => each.id === id);
  await using app = await openFeatureApp({ db, clock }, [
    (http) => telemetryRoutes(http, { store, clock, findDevice }),
  ]);
  const latest = await app.call('GET', '/telemetry/latest?deviceIds=pile-1,ac-1,nobody');
  expect(latest.json().items).toMatchObject([
    { deviceId: 'ac-1', component: '', values: { supply_temp: 13 } },
    { deviceId: 'pile-1', component: 'connector-1', values: { soc: 55 } },
  ]);
  const series = await app.call(
    'GET',
    '/telemetry?deviceId=pile-1&metrics=soc&from=2026-11-22T09:00:00Z&to=2026-11-22T11:00:00Z',
  );
  expect(series.json().series).toMatchObject([{ metric: 'soc', component: 'connector-1', unit: '%' }]);
});
