import { expect, test } from 'vitest';
import type { AlarmState, AlarmTransition } from '#contracts/alarms.ts';
import { createClock } from '#platform/clock.ts';
import type { Db } from '#platform/db/db.ts';
import { newId } from '#platform/ids.ts';
import { createLog } from '#platform/log.ts';
import { createMetrics } from '#platform/metrics/metrics.ts';
import { createOutbox } from '#platform/outbox/postgres-outbox.ts';
import { openTestDatabase, type TestDatabase } from '#test/support/test-database.ts';
import { type AlarmWriter, createAlarmWriter } from './alarm-writer.ts';

const RAISED_MS = 1_790_000_000_000;
const UNIT_ID = newId();

function open(db: Db): AlarmWriter {
  const outbox = createOutbox({ clock: createClock() }, { consumers: [] });
  return createAlarmWriter({
    db,
    outbox,
    log: createLog({ level: 'silent', format: 'json' }),
    metrics: createMetrics(),
  });
}

/** The step of that alarm to a state, `atMs` after it was raised. */
function step(name: string, to: AlarmState, change: Partial<AlarmTransition> = {}): AlarmTransition {
  const code = { acknowledged: 'acknowledged', returned: 'fault_cleared', normal: 'fault_cleared' };
  return {
    key: `fault:E1|${name}|`,
    occurrence: `fault:E1|${name}||${RAISED_MS}`,
    ruleId: null,
    ruleVersion: null,
    deviceId: name,
    unitId: UNIT_ID,
    component: '',
    to,
    severity: 'major',
    faultFamily: 'drain',
    faultCode: 'E1',
    title: { 'zh-CN': '排水', en: 'Drain' },
    action: 'ticket',
    atMs: RAISED_MS,
    raisedAtMs: RAISED_MS,
    reason: {
      code: to in code ? code[to as keyof typeof code] : 'fault_raised',
      params: {},
      text: { 'zh-CN': to, en: to },
    },
    ...change,
  };
}

const LIFE = [
  step('ac-1', 'unacknowledged'),
  step('ac-1', 'acknowledged', { atMs: RAISED_MS + 1_000 }),
  step('ac-1', 'normal', { atMs: RAISED_MS + 2_000 }),
];

async function alarms({ pool }: TestDatabase) {
  const { rows } = await pool.query(
    'select device_id, state, returned_at, acknowledged_at, ended_at from alarm order by id',
  );
  return rows;
}

async function events({ pool }: TestDatabase): Promise<string[]> {
  const { rows } = await pool.query('select type from outbox_event order by seq');
  return rows.map(({ type }) => type);
}

const ENDED = {
  device_id: 'ac-1',
  state: 'normal',
  acknowledged_at: RAISED_MS + 1_000,
  returned_at: RAISED_MS + 2_000,
  ended_at: RAISED_MS + 2_000,
};
const TOLD = ['alarm.raised', 'alarm.acknowledged', 'alarm.returned'];

test.each([
  ['step by step', LIFE.map((transition) => [transition])],
  ['at once', [LIFE]],
  ['with its end left for later', [LIFE.slice(0, 2), LIFE.slice(2)]],
])('an alarm is kept through its life and each change is told once, %s', async (_, batches) => {
  await using database = await openTestDatabase();
  await using writer = open(database.db);
  for (const batch of batches) {
    writer.enqueue(batch);
    expect(await writer.flushed()).toBe(true);
  }
  expect(await alarms(database)).toEqual([ENDED]);
  expect(await events(database)).toEqual(TOLD);
});

test('a replay changes nothing and tells nothing, wherever it begins and ends', async () => {
  await using database = await openTestDatabase();
  await using writer = open(database.db);
  for (const [from, to] of [[0], [0, 1], [0, 2], [1, 2], [1], [2]]) {
    for (const transition of LIFE.slice(from, to)) {
      writer.enqueue([transition]);
      await writer.flushed();
    }
    expect(await alarms(database)).toEqual([ENDED]);
  }
  expect(await events(database)).toEqual(TOLD);
});

test('an occurrence that has ended does not begin again, written or waiting', async () => {
  await using database = await openTestDatabase();
  await using writer = open(database.db);
  writer.enqueue([...LIFE, ...LIFE.slice(0, 2)]);
  await writer.flushed();
  writer.enqueue(LIFE.slice(0, 2));
  await writer.flushed();
  expect(await alarms(database)).toEqual([ENDED]);
  expect(await events(database)).toEqual(TOLD);
});

test('a step of an alarm that nobody raised is ignored', async () => {
  await using database = await openTestDatabase();
  await using writer = open(database.db);
  writer.enqueue([step('ac-1', 'returned'), step('ac-2', 'normal')]);
  await writer.flushed();
  expect(await alarms(database)).toEqual([]);
  expect(await events(database)).toEqual([]);
});

test('alarms wait for a database that is away, and those of one occurrence wait as one', async () => {
  await using database = await openTestDatabase();
  await using writer = open(database.db);
  await database.pool.query('alter table alarm rename to alarm_away');
  writer.enqueue([step('ac-0', 'unacknowledged')]);
  for (const transition of LIFE) writer.enqueue([transition]);
  expect(writer.waiting()).toBe(2);
  await database.pool.query('alter table alarm_away rename to alarm');
  expect(await writer.flushed()).toBe(true);
  expect(await alarms(database)).toMatchObject([{ device_id: 'ac-0' }, ENDED]);
  expect(await events(database)).toEqual(['alarm.raised', ...TOLD]);
});

test('a stop while the database is away is prompt and says that alarms are not committed', async () => {
  await using database = await openTestDatabase();
  const writer = open(database.db);
  await database.pool.query('drop table alarm');
  writer.enqueue(LIFE);
  const flushed = writer.flushed();
  await writer[Symbol.asyncDispose]();
  expect(await flushed).toBe(false);
  expect(await writer.flushed()).toBe(false);
});

test('an alarm that the database cannot keep does not hold up the others', async () => {
  await using database = await openTestDatabase();
  await using writer = open(database.db);
  const poison = step('ac-2', 'unacknowledged', { faultCode: 'E\u00001' });
  writer.enqueue([step('ac-1', 'unacknowledged'), poison, step('ac-3', 'unacknowledged')]);
  expect(await writer.flushed()).toBe(true);
  expect(await alarms(database)).toMatchObject([{ device_id: 'ac-1' }, { device_id: 'ac-3' }]);
  expect(await events(database)).toEqual(['alarm.raised', 'alarm.raised']);
});

test('thousands of alarms at once are all kept, in the order they were raised', async () => {
  await using database = await openTestDatabase();
  await using writer = open(database.db);
  const names = Array.from({ length: 3_000 }, (_, i) => `ac-${i}`);
  for (const name of names) writer.enqueue([step(name, 'unacknowledged')]);
  expect(await writer.flushed()).toBe(true);
  const kept = await alarms(database);
  expect(kept.map(({ device_id }) => device_id)).toEqual(names);
  expect(await events(database)).toHaveLength(3_000);
});

test('whoever waits for a change of an alarm hears of its commit', async () => {
  await using database = await openTestDatabase();
  await using writer = open(database.db);
  const { occurrence } = step('ac-1', 'unacknowledged');
  const changed = writer.changed(occurrence, AbortSignal.timeout(20_000));
  writer.enqueue([step('ac-1', 'unacknowledged')]);
  await changed;
  expect(await alarms(database)).toHaveLength(1);
  await writer.changed(occurrence, AbortSignal.abort());
});
