import { expect, test } from 'vitest';
import { METRICS, metricIndex } from '#contracts/metrics.ts';
import type { DeviceRef, PointBatch } from '#contracts/point-batch.ts';
import { createManualClock } from '#platform/clock.ts';
import { openTestDatabase } from '#test/support/test-database.ts';
import { createPointBuilder } from '../../core/point-builder.ts';
import { openPostgresStore } from './postgres-store.ts';
import { telemetryMigrations } from './schema.ts';

const HOUR = 3_600_000;
const START = Date.UTC(2026, 10, 21, 10);

function deviceAt(index: number): DeviceRef {
  return { id: `ac-${index}`, index, kind: 'ac_unit', model: 'm', unitId: 'u', siteId: null, labels: {} };
}

type Point = { device?: number; component?: string; at: number; values: Record<string, number> };

function batchOf(points: readonly Point[]): PointBatch {
  const builder = createPointBuilder();
  for (const { device = 1, component = '', at, values } of points) {
    builder.begin(deviceAt(device), component, { observedAtMs: at, receivedAtMs: at });
    for (const [name, value] of Object.entries(values)) builder.add(metricIndex('ac_unit', name) ?? 0, value);
    builder.end();
  }
  return builder.finish();
}

async function openStore(nowMs = START) {
  const database = await openTestDatabase();
  const clock = createManualClock(nowMs);
  const store = await openPostgresStore({ ...database, clock }, { rawDays: 30 });
  return { database, clock, store, [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() };
}

const base = { kind: 'ac_unit', agg: 'avg', everyMs: null } as const;

test('points come back as written, by component, and writing them again changes nothing', async () => {
  await using at = await openStore();
  const batch = batchOf([
    { at: START, values: { supply_temp: 13.25, power: 900 } },
    { at: START + 5_000, values: { supply_temp: 13.5 } },
    { at: START, component: 'idu-1', values: { supply_temp: 20 } },
  ]);
  await at.store.write([batch]);
  await at.store.write([batch, batch]);
  const query = {
    ...base,
    deviceId: 'ac-1',
    metrics: ['supply_temp', 'power'],
    fromMs: START,
    toMs: START + HOUR,
  };
  expect(await at.store.query(query)).toEqual([
    {
      metric: 'supply_temp',
      component: '',
      unit: 'Cel',
      points: [
        [START, 13.25],
        [START + 5_000, 13.5],
      ],
    },
    { metric: 'supply_temp', component: 'idu-1', unit: 'Cel', points: [[START, 20]] },
    { metric: 'power', component: '', unit: 'W', points: [[START, 900]] },
  ]);
});

test('equal keys in one batch merge value by value, the later winning', async () => {
  await using at = await openStore();
  await at.store.write([
    batchOf([
      { at: START + 5, values: { supply_temp: 1, power: 10 } },
      { at: START, values: { supply_temp: 1, power: 10 } },
      { at: START, values: { supply_temp: 2, power: 20 } },
      { at: START, values: { power: 30 } },
    ]),
  ]);
  const { rows } = await at.database.pool.query(
    'select ts, supply_temp, power from telemetry_ac_unit order by ts',
  );
  expect(rows).toEqual([
    { ts: START, supply_temp: 2, power: 30 },
    { ts: START + 5, supply_temp: 1, power: 10 },
  ]);
});

test('rollups hold average, least and greatest of each minute and hour, and charts read them', async () => {
  await using at = await openStore();
  const points = Array.from({ length: 721 }, (_, n) => ({
    at: START + n * 10_000,
    values: { supply_temp: n % 6 },
  }));
  await at.store.write([batchOf(points)]);
  at.clock.set(START + 2 * HOUR + 60_000);
  await at.store.rollUp(at.clock.nowMs());
  const minute = await at.database.pool.query(
    'select samples, supply_temp, supply_temp_min, supply_temp_max from telemetry_ac_unit_1m order by ts limit 1',
  );
  expect(minute.rows).toEqual([{ samples: 6, supply_temp: 2.5, supply_temp_min: 0, supply_temp_max: 5 }]);
  const hour = await at.database.pool.query(
    'select ts, samples, supply_temp from telemetry_ac_unit_1h order by ts',
  );
  expect(hour.rows).toEqual([
    { ts: START, samples: 360, supply_temp: 2.5 },
    { ts: START + HOUR, samples: 360, supply_temp: 2.5 },
  ]);
  await at.database.pool.query('truncate telemetry_ac_unit');
  const day = { ...base, deviceId: 'ac-1', metrics: ['supply_temp'], fromMs: START, toMs: START + 24 * HOUR };
  const [byHour] = await at.store.query({ ...day, everyMs: HOUR, agg: 'max' });
  expect(byHour?.points).toEqual([
    [START, 5],
    [START + HOUR, 5],
  ]);
});

test('late points behind the rollups are rolled up again, and only their own device hours', async () => {
  await using at = await openStore();
  await at.store.write([
    batchOf([
      { at: START, values: { power: 100 } },
      { device: 2, at: START, values: { power: 7 } },
    ]),
  ]);
  at.clock.set(START + 2 * HOUR);
  await at.store.rollUp(at.clock.nowMs());
  await at.store.write([batchOf([{ at: START + 1_000, values: { power: 300 } }])]);
  const dirty = await at.database.pool.query('select device_id, hour from telemetry_dirty');
  expect(dirty.rows).toEqual([{ device_id: 'ac-1', hour: START }]);
  await at.store.rollUp(at.clock.nowMs());
  const hours = await at.database.pool.query(
    'select device_id, power from telemetry_ac_unit_1h order by device_id',
  );
  expect(hours.rows).toEqual([
    { device_id: 'ac-1', power: 200 },
    { device_id: 'ac-2', power: 7 },
  ]);
  expect((await at.database.pool.query('select 1 from telemetry_dirty')).rowCount).toBe(0);
});

test('rollups stop at what the writer still holds', async () => {
  await using at = await openStore();
  await at.store.write([batchOf([{ at: START + 30_000, values: { power: 1 } }])]);
  at.clock.set(START + HOUR);
  await at.store.rollUp(START + 20_000);
  expect((await at.database.pool.query('select 1 from telemetry_ac_unit_1m')).rowCount).toBe(0);
  await at.store.rollUp(at.clock.nowMs());
  expect((await at.database.pool.query('select 1 from telemetry_ac_unit_1m')).rowCount).toBe(1);
});

test('retention drops whole days and no other, and a late point makes its day again', async () => {
  await using at = await openStore();
  const old = START - 40 * 24 * HOUR;
  await at.store.write([
    batchOf([
      { at: old, values: { power: 1 } },
      { at: START, values: { power: 2 } },
    ]),
  ]);
  await at.store.sweep();
  expect((await at.database.pool.query('select power from telemetry_ac_unit')).rows).toEqual([{ power: 2 }]);
  await at.store.write([batchOf([{ at: old, values: { power: 3 } }])]);
  expect((await at.database.pool.query('select power from telemetry_ac_unit order by ts')).rows[0]).toEqual({
    power: 3,
  });
});

test('the latest values of many devices come in one question', async () => {
  const nowMs = Date.now();
  await using at = await openStore(nowMs);
  await at.store.write([
    batchOf([
      { at: nowMs - 9_000, values: { power: 1 } },
      { at: nowMs - 5_000, values: { power: 2, mode: 2 } },
      { device: 2, at: nowMs - 7_000, values: { power: 3 } },
    ]),
  ]);
  expect(await at.store.latest('ac_unit', ['ac-1', 'ac-2', 'ac-3'])).toEqual([
    { deviceId: 'ac-1', component: '', observedAtMs: nowMs - 5_000, values: { power: 2, mode: 2 } },
    { deviceId: 'ac-2', component: '', observedAtMs: nowMs - 7_000, values: { power: 3 } },
  ]);
});

test('a metric added to the vocabulary gets its columns at the next start', async () => {
  await using at = await openStore();
  const added = METRICS.ac_unit.at(-1)?.name ?? '';
  await at.database.pool.query(`alter table telemetry_ac_unit drop column "${added}"`);
  const store = await openPostgresStore({ ...at.database, clock: at.clock }, { rawDays: 30 });
  await store.write([batchOf([{ at: START, values: { [added]: 1 } }])]);
  expect((await at.database.pool.query(`select "${added}" from telemetry_ac_unit`)).rowCount).toBe(1);
});

test('an installation that knew air conditioners only gets the tables of piles, with their rollups', async () => {
  await using database = await openTestDatabase();
  const { db, pool } = database;
  await pool.query(
    'drop table telemetry_charging_pile, telemetry_charging_pile_1m, telemetry_charging_pile_1h',
  );
  const migration = telemetryMigrations['20261122_20_telemetry_of_every_kind'];
  for (let n = 0; n < 2; n++) await migration?.up(db as unknown as Parameters<typeof migration.up>[0]);
  const clock = createManualClock(START);
  const store = await openPostgresStore({ db, pool, clock }, { rawDays: 30 });
  const pile: DeviceRef = { ...deviceAt(1), id: 'pile-1', kind: 'charging_pile' };
  const builder = createPointBuilder();
  for (const [device, kind] of [
    [deviceAt(1), 'ac_unit'],
    [pile, 'charging_pile'],
  ] as const) {
    for (const atMs of [START - HOUR, START]) {
      builder.begin(device, '', { observedAtMs: atMs, receivedAtMs: atMs });
      builder.add(metricIndex(kind, 'power') ?? 0, 7_000);
      builder.end();
    }
  }
  await store.write([builder.finish()]);
  clock.set(START + 2 * HOUR);
  await store.rollUp(START + 2 * HOUR);
  for (const table of ['telemetry_charging_pile_1m', 'telemetry_charging_pile_1h']) {
    const { rows } = await pool.query(`select power from ${table} order by ts`);
    expect(rows).toEqual([{ power: 7_000 }, { power: 7_000 }]);
  }
  const latest = await store.latest('charging_pile', ['pile-1', 'ac-1']);
  expect(latest).toEqual([
    { deviceId: 'pile-1', component: '', observedAtMs: START, values: { power: 7_000 } },
  ]);
});
