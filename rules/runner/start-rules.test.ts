import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { DeviceRef, InputBatch } from '#contracts/point-batch.ts';
import type { AlarmRule } from '#contracts/rules.ts';
import { createAudit } from '#platform/audit/audit-log.ts';
import { createClock, createManualClock } from '#platform/clock.ts';
import { type Database, openDatabase } from '#platform/db/db.ts';
import { newId } from '#platform/ids.ts';
import { createLog } from '#platform/log.ts';
import { createMetrics } from '#platform/metrics/metrics.ts';
import { startOutbox } from '#platform/outbox/outbox-runner.ts';
import { createOutbox } from '#platform/outbox/postgres-outbox.ts';
import { openTestDatabase, type TestDatabase } from '#test/support/test-database.ts';
import { batchOf, type Step, testDevice, testRule } from '../testing/batches.ts';
import { type Rules, type RulesConfig, startRules } from './start-rules.ts';

const START_MS = 1_790_000_000_000;
const END_MS = START_MS + 86_400_000;
const SECOND_MS = 1_000;

const DEVICES = [1, 2, 3, 4].map((n) => testDevice(`ac-${n}`, { unitId: newId() }));
const HOT = testRule({
  id: 'hot',
  condition: 'discharge_temp > 110.0',
  onDelayMs: 20 * SECOND_MS,
  offDelayMs: 15 * SECOND_MS,
});
const WARM = testRule({ id: 'warm', condition: 'avg("room_temp", 60) > 28.0', reorderMs: 2 * SECOND_MS });
const TRIPPED = testRule({ id: 'tripped', condition: 'fault("E1")', offDelayMs: 5 * SECOND_MS });
const RULES = [HOT, WARM, TRIPPED];

interface Started {
  readonly rules: Rules;
  readonly database: Database;
}

async function start(
  { url }: Pick<TestDatabase, 'url'>,
  config: Partial<RulesConfig> & { readonly nowMs?: number } = {},
): Promise<Started> {
  const { nowMs = END_MS, ...rest } = config;
  const database = openDatabase({ url, maxConnections: 4 }, () => undefined);
  const clock = createManualClock(nowMs);
  const rules = await startRules(
    {
      db: database.db,
      clock,
      log: createLog({ level: 'silent', format: 'json' }),
      metrics: createMetrics(),
      outbox: createOutbox({ clock }, { consumers: [] }),
      audit: createAudit({ clock }),
      findDevice: (id) => DEVICES.find((device) => device.id === id),
      ticketsOfAlarms: async () => new Map(),
      acknowledgeAlarm: () => undefined,
    },
    { nodeId: 'node-1', snapshotEveryMs: 3_600_000, catalog: RULES, ...rest },
  );
  return { rules, database };
}

async function stop({ rules, database }: Started): Promise<void> {
  await rules[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
}

/** As a power cut: whatever is under way in the database is broken off, and nothing more is written. */
async function kill({ rules, database }: Started, { pool }: TestDatabase): Promise<void> {
  const dead = pool.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  );
  await Promise.all([dead, database[Symbol.asyncDispose]()]);
  await rules[Symbol.asyncDispose]();
}

function randoms(seed: number): (below: number) => number {
  let state = seed * 2_654_435_761 + 1;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 0x9e3779b9) >>> 0;
    return Math.floor((((state ^ (state >>> 13)) >>> 0) / 4_294_967_296) * below);
  };
}

/** A log as devices might write it: temperatures that come and go, faults, acknowledgements, ticks. */
function randomLog(batches: number, random: (below: number) => number): InputBatch[] {
  let nowMs = START_MS;
  const pick = () => DEVICES[random(DEVICES.length)] as DeviceRef;
  const oneStep = (): Step => {
    nowMs += random(4_000);
    const device = pick();
    const at = { device, atMs: nowMs };
    const kind = random(12);
    if (kind < 5)
      return { ...at, values: { discharge_temp: 90 + 10 * random(5), room_temp: 24 + random(9) } };
    if (kind < 8) {
      const fault = { type: 'fault', device, component: '', code: random(2) ? 'E1' : 'X9' } as const;
      const state = random(2) ? 'raised' : 'cleared';
      return { ...fault, state, observedAtMs: nowMs, receivedAtMs: nowMs, detail: null };
    }
    if (kind < 9) {
      const place = ['hot', 'warm', 'tripped', 'fault:X9'][random(4)];
      return { type: 'acknowledge', alarmKey: `${place}|${device.id}|`, atMs: nowMs };
    }
    if (kind < 10) return { type: 'presence', device, isOnline: random(4) > 0, atMs: nowMs };
    return { type: 'tick', atMs: nowMs };
  };
  return Array.from({ length: batches }, (_, i) => ({
    ...batchOf(Array.from({ length: 1 + random(8) }, oneStep)),
    sequence: i + 1,
  }));
}

async function feed({ rules }: Started, log: readonly InputBatch[], toSequence: number): Promise<void> {
  for (const batch of log.slice(rules.stats().processedSequence, toSequence)) {
    rules.onBatch(batch);
    await turn();
  }
}

async function outcome({ pool }: TestDatabase) {
  const alarms =
    await pool.query(`select occurrence, state, raised_at, returned_at, acknowledged_at, ended_at,
    reason->>'code' as reason from alarm order by occurrence`);
  const events = await pool.query(`select e.type, a.occurrence from outbox_event e
    left join alarm a on a.id::text = e.data->>'alarmId' order by a.occurrence, e.seq`);
  return { alarms: alarms.rows, events: events.rows };
}

test.each([1, 2, 3, 4, 5, 6])(
  'T1: killed and replayed, the alarms and events are the same (%i)',
  async (seed) => {
    const random = randoms(seed);
    const log = randomLog(120, random);
    await using whole = await openTestDatabase();
    const reference = await start(whole);
    await feed(reference, log, log.length);
    await stop(reference);
    await using database = await openTestDatabase();
    for (let kills = 0; kills < 4; kills += 1) {
      const one = await start(database, { snapshotEveryMs: 1 + random(20) });
      const { processedSequence } = one.rules.stats();
      await feed(one, log, processedSequence + random(60));
      await kill(one, database);
    }
    const last = await start(database);
    await feed(last, log, log.length);
    await stop(last);
    const expected = await outcome(whole);
    expect(expected.alarms.length).toBeGreaterThan(10);
    expect(await outcome(database)).toEqual(expected);
  },
);

const hot = (atSeconds: number, temp = 120): Step => ({
  device: DEVICES[0] as DeviceRef,
  atMs: START_MS + atSeconds * SECOND_MS,
  values: { discharge_temp: temp },
});
const tick = (atSeconds: number): Step => ({ type: 'tick', atMs: START_MS + atSeconds * SECOND_MS });
const fault = (code: string, state: 'raised' | 'cleared', atSeconds: number): Step => {
  const atMs = START_MS + atSeconds * SECOND_MS;
  const device = DEVICES[1] as DeviceRef;
  return {
    type: 'fault',
    device,
    component: '',
    code,
    state,
    observedAtMs: atMs,
    receivedAtMs: atMs,
    detail: null,
  };
};

/** Feeds steps as the next batch of the log. */
function say({ rules }: Started, ...steps: Step[]): void {
  rules.onBatch({ ...batchOf(steps), sequence: rules.stats().processedSequence + 1 });
}

async function states({ pool }: TestDatabase): Promise<string[]> {
  const { rows } = await pool.query('select key, state from alarm order by raised_at, key');
  return rows.map(({ key, state }) => `${key} ${state}`);
}

test('the log may be trimmed only behind what is saved, and what is saved is committed', async () => {
  await using database = await openTestDatabase();
  const one = await start(database);
  say(one, hot(0), hot(25));
  expect(one.rules.rulesSequence()).toBe(0);
  expect(one.rules.stats()).toMatchObject({
    processedSequence: 1,
    waitingAlarms: 1,
    activeAlarms: 1,
    rules: 3,
  });
  await stop(one);
  expect(one.rules.rulesSequence()).toBe(1);
  expect(await states(database)).toEqual(['hot|ac-1| unacknowledged']);
  const next = await start(database);
  expect(next.rules.rulesSequence()).toBe(1);
  expect(next.rules.stats().activeAlarms).toBe(1);
  await stop(next);
});

test('state is not saved ahead of its alarms: what was not committed is raised again after a kill', async () => {
  await using database = await openTestDatabase();
  const one = await start(database, { snapshotEveryMs: 1 });
  say(one, hot(0));
  await expect.poll(() => one.rules.rulesSequence()).toBe(1);
  await database.pool.query('alter table alarm rename to alarm_away');
  say(one, hot(25));
  for (let times = 0; times < 50; times += 1) await database.pool.query('select 1');
  expect(one.rules.rulesSequence()).toBe(1);
  await kill(one, database);
  await database.pool.query('alter table alarm_away rename to alarm');
  const next = await start(database);
  say(next, hot(25));
  await stop(next);
  expect(await states(database)).toEqual(['hot|ac-1| unacknowledged']);
});

test('a change of rules reaches the engine by the outbox', async () => {
  await using database = await openTestDatabase();
  const one = await start(database);
  const { db, pool } = database;
  const log = createLog({ level: 'silent', format: 'json' });
  const outbox = createOutbox({ clock: createClock() }, { consumers: one.rules.consumers });
  const deps = { db, pool, log, metrics: createMetrics(), outbox };
  await using _runner = startOutbox(deps, { consumers: one.rules.consumers });
  await pool.query("update alarm_rule set status = 'retired' where rule_id = 'hot'");
  await db
    .transaction()
    .execute((tx) => outbox.publish(tx, [{ type: 'rule.changed', data: { ruleId: 'hot' } }]));
  outbox.wake();
  await expect.poll(() => one.rules.stats().rules).toBe(2);
  await stop(one);
});

test('snapshots are taken while it runs', async () => {
  await using database = await openTestDatabase();
  const one = await start(database, { snapshotEveryMs: 1 });
  say(one, hot(0));
  await expect.poll(() => one.rules.rulesSequence()).toBe(1);
  await stop(one);
});

test('with its state damaged it starts from the open alarms: codes stand, delays begin anew', async () => {
  await using database = await openTestDatabase();
  const one = await start(database);
  say(one, hot(0), hot(25), fault('X9', 'raised', 30), fault('E1', 'raised', 31));
  await stop(one);
  await database.pool.query("update rule_snapshot set bytes = '\\x00ff'");

  const next = await start(database, { nowMs: START_MS + 60 * SECOND_MS });
  expect(next.rules.rulesSequence()).toBe(1);
  expect(next.rules.stats().activeAlarms).toBe(2);
  say(next, tick(60), fault('X9', 'cleared', 61));
  await next.rules.flushed();
  expect(await states(database)).toEqual([
    'hot|ac-1| normal',
    'fault:X9|ac-2| returned',
    'tripped|ac-2| unacknowledged',
  ]);
  say(next, hot(70), hot(91));
  await stop(next);
  expect(await states(database)).toEqual([
    'hot|ac-1| normal',
    'fault:X9|ac-2| returned',
    'tripped|ac-2| unacknowledged',
    'hot|ac-1| unacknowledged',
  ]);
});

const asActive = (rule: AlarmRule) => [rule.id, rule.version, 'active'];

test('a rule switched off ends its alarms and leaves those of others alone', async () => {
  await using database = await openTestDatabase();
  const one = await start(database);
  say(one, hot(0), hot(25), fault('E1', 'raised', 26));
  const { rows } = await database.pool.query(
    'select rule_id, version, status from alarm_rule order by rule_id',
  );
  expect(rows.map(Object.values)).toEqual([HOT, TRIPPED, WARM].map(asActive));
  await database.pool.query("update alarm_rule set status = 'retired' where rule_id = 'hot'");
  await one.rules.reload();
  say(one, hot(40), hot(80));
  await stop(one);
  expect(await states(database)).toEqual(['hot|ac-1| normal', 'tripped|ac-2| unacknowledged']);
  expect(one.rules.stats().rules).toBe(2);
});

test('alarms of a rule that went while it was down end once the log is caught up', async () => {
  await using database = await openTestDatabase();
  const one = await start(database);
  say(one, hot(0), hot(25), fault('E1', 'raised', 26));
  await stop(one);
  await database.pool.query("update alarm_rule set status = 'retired' where rule_id = 'hot'");
  const next = await start(database, { nowMs: START_MS + 60 * SECOND_MS });
  say(next, tick(50));
  await next.rules.flushed();
  expect(await states(database)).toEqual(['hot|ac-1| unacknowledged', 'tripped|ac-2| unacknowledged']);
  say(next, tick(60));
  await stop(next);
  expect(await states(database)).toEqual(['hot|ac-1| normal', 'tripped|ac-2| unacknowledged']);
});

test('a rule that does not compile any more is left out, and the others work', async () => {
  await using database = await openTestDatabase();
  const broken = testRule({ id: 'broken', condition: 'no_such_metric > 1.0' });
  const one = await start(database, { catalog: [broken, ...RULES] });
  expect(one.rules.stats().rules).toBe(3);
  say(one, hot(0), hot(25));
  await stop(one);
  expect(await states(database)).toEqual(['hot|ac-1| unacknowledged']);
});
