import { expect, test } from 'vitest';
import type { DeviceRef } from '#contracts/point-batch.ts';
import { createManualClock } from '#platform/clock.ts';
import { openFeatureApp } from '#test/support/feature-app.ts';
import { openTestDatabase } from '#test/support/test-database.ts';
import type { ChargingChange } from '../core/charging-change.ts';
import { readCheckpoint, saveRecords } from '../records-store.ts';
import { chargingRoutes } from './charging-routes.ts';
import { createChargingStore } from './charging-store.ts';

const T0 = Date.UTC(2026, 10, 22, 10);
const at = (seconds: number): number => T0 + seconds * 1_000;
const one = { deviceId: 'pile-1', component: 'connector-1' } as const;

const started = (transactionId: number, seconds: number, changes: object = {}): ChargingChange => ({
  ...one,
  type: 'started',
  transactionId,
  atMs: at(seconds),
  meterWh: 1_000,
  ...changes,
});
const stopped = (transactionId: number, seconds: number, changes: object = {}): ChargingChange => ({
  ...one,
  type: 'stopped',
  transactionId,
  atMs: at(seconds),
  meterWh: 3_000,
  reason: 'Local',
  ...changes,
});
const status = (name: string, seconds: number, changes: object = {}): ChargingChange =>
  ({
    ...one,
    type: 'status',
    status: name,
    errorCode: null,
    atMs: at(seconds),
    ...changes,
  }) as ChargingChange;

async function open() {
  const database = await openTestDatabase();
  const { db } = database;
  const clock = createManualClock(at(3_600));
  const pile: DeviceRef = {
    id: 'pile-1',
    index: 0,
    kind: 'charging_pile',
    model: 'dc-pile-generic',
    unitId: 'u',
    siteId: null,
    labels: {},
  };
  const findDevice = (id: string) => (id === pile.id ? pile : undefined);
  const app = await openFeatureApp({ db, clock }, [(http) => chargingRoutes(http, { db, findDevice })]);
  let sequence = 0;
  return {
    db,
    app,
    store: createChargingStore({ db }),
    /** As the writer keeps a batch. */
    save: (...charging: ChargingChange[]) => {
      sequence += 1;
      const batch = { sequence, events: [], deadLetters: [], charging };
      return saveRecords(db, { nodeId: 'n1', atMs: T0 }, [batch]);
    },
    [Symbol.asyncDispose]: async () => {
      await app[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

test('a session is kept with its begin and end, however often and however cut its changes are saved', async () => {
  await using pile = await open();
  await pile.save(started(7, 0), status('charging', 1), stopped(7, 60), status('available', 61));
  await pile.save(started(7, 0), stopped(7, 60));
  await pile.save(status('charging', 1));
  const sessions = (await pile.app.call('GET', '/charging-sessions?deviceId=pile-1')).json();
  expect(sessions).toEqual({
    items: [
      {
        ...one,
        transactionId: 7,
        startedAt: '2026-11-22T10:00:00.000Z',
        stoppedAt: '2026-11-22T10:01:00.000Z',
        meterStartWh: 1_000,
        meterStopWh: 3_000,
        stopReason: 'Local',
        isUnknown: false,
      },
    ],
    nextCursor: null,
  });
  const connectors = (await pile.app.call('GET', '/devices/pile-1/connectors')).json();
  expect(connectors.items).toEqual([
    { component: 'connector-1', status: 'available', errorCode: null, at: '2026-11-22T10:01:01.000Z' },
  ]);
  expect(await readCheckpoint(pile.db, 'n1')).toBe(3);
  expect((await pile.app.call('GET', '/devices/pile-9/connectors')).statusCode).toBe(404);
});

test('the connectors of several piles are told at once', async () => {
  await using pile = await open();
  await pile.save(
    status('charging', 1),
    status('faulted', 2, { deviceId: 'pile-2', errorCode: 'GroundFailure' }),
  );
  await pile.save(status('available', 3, { deviceId: 'pile-3' }));
  const list = async (ids: string) => (await pile.app.call('GET', `/connectors?deviceIds=${ids}`)).json();
  expect((await list('pile-1,pile-2,nobody')).items).toEqual([
    { ...one, status: 'charging', errorCode: null, at: '2026-11-22T10:00:01.000Z' },
    {
      ...one,
      deviceId: 'pile-2',
      status: 'faulted',
      errorCode: 'GroundFailure',
      at: '2026-11-22T10:00:02.000Z',
    },
  ]);
  const many = Array.from({ length: 201 }, (_, index) => `pile-${index}`).join(',');
  expect((await list(many)).code).toBe('CHARGING_TOO_MANY_DEVICES');
});

test('a stop for a transaction that we never started is kept as such, until its start is told', async () => {
  await using pile = await open();
  await pile.save(stopped(99, 60, { component: '' }));
  const list = async () => (await pile.app.call('GET', '/charging-sessions')).json().items;
  expect(await list()).toMatchObject([{ transactionId: 99, startedAt: null, isUnknown: true }]);
  expect(await pile.store.componentOfTransaction('pile-1', 99)).toBeNull();
  await pile.save(started(99, 0));
  expect(await list()).toMatchObject([{ component: 'connector-1', isUnknown: false, stopReason: 'Local' }]);
  expect(await pile.store.componentOfTransaction('pile-1', 99)).toBe('connector-1');
  expect(await pile.store.componentOfTransaction('pile-2', 99)).toBeNull();
});

test('a start that is repeated is found by connector, time and meter', async () => {
  await using pile = await open();
  await pile.save(started(7, 0));
  const start = { ...one, startedAtMs: at(0), meterStartWh: 1_000 };
  expect(await pile.store.findTransaction(start)).toBe(7);
  expect(await pile.store.findTransaction({ ...start, startedAtMs: at(1) })).toBeNull();
  expect(await pile.store.findTransaction({ ...start, meterStartWh: 1_001 })).toBeNull();
  expect(await pile.store.findTransaction({ ...start, component: 'connector-2' })).toBeNull();
});

test('blocks of transaction ids do not overlap, and begin anew before they outgrow 31 bits', async () => {
  await using pile = await open();
  const firsts = await Promise.all(Array.from({ length: 10 }, () => pile.store.reserveTransactionIds(100)));
  expect(firsts.sort((a, b) => a - b)).toEqual(Array.from({ length: 10 }, (_, n) => 1 + n * 100));
  await pile.store.reserveTransactionIds(2_147_480_000);
  expect(await pile.store.reserveTransactionIds(10_000)).toBe(1);
});

test('a pile charges while a session is open or a connector says so, and a lost end holds up nothing', async () => {
  await using pile = await open();
  const { store } = pile;
  expect(await store.isCharging('pile-1')).toBe(false);
  await pile.save(status('preparing', 0), started(7, 10));
  expect(await store.isCharging('pile-1')).toBe(true);
  expect(await store.openTransactions('pile-1')).toEqual(
    new Map([['connector-1', { transactionId: 7, startedAtMs: at(10) }]]),
  );
  await pile.save(status('available', 20));
  expect(await store.isCharging('pile-1')).toBe(false);
  await pile.save(started(8, 30), stopped(8, 40), status('suspended_ev', 41, { component: 'connector-2' }));
  expect(await store.openTransactions('pile-1')).toEqual(new Map());
  expect(await store.isCharging('pile-1')).toBe(true);
  expect(await store.connectorStatuses('pile-1')).toEqual(
    new Map([
      ['connector-1', { status: 'available', atMs: at(20) }],
      ['connector-2', { status: 'suspended_ev', atMs: at(41) }],
    ]),
  );
  await pile.save(status('faulted', 50, { component: 'connector-2', errorCode: 'GroundFailure' }));
  expect(await store.isCharging('pile-1')).toBe(false);
});

test('sessions come in pages, for whoever may read devices', async () => {
  await using pile = await open();
  for (let n = 1; n <= 5; n++) await pile.save(started(n, n));
  const first = (await pile.app.call('GET', '/charging-sessions?limit=3')).json();
  expect(first.items.map((item: { transactionId: number }) => item.transactionId)).toEqual([5, 4, 3]);
  const rest = await pile.app.call('GET', `/charging-sessions?limit=3&cursor=${first.nextCursor}`);
  expect(rest.json()).toMatchObject({
    items: [{ transactionId: 2 }, { transactionId: 1 }],
    nextCursor: null,
  });
  expect((await pile.app.call('GET', '/charging-sessions', { role: 'technician' })).statusCode).toBe(200);
});
