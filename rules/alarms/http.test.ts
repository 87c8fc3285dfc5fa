import { expect, test } from 'vitest';
import type { Alarm } from '#contracts/alarms.ts';
import { createAudit } from '#platform/audit/audit-log.ts';
import { createClock } from '#platform/clock.ts';
import { newId } from '#platform/ids.ts';
import { createLog } from '#platform/log.ts';
import { createMetrics } from '#platform/metrics/metrics.ts';
import { createOutbox } from '#platform/outbox/postgres-outbox.ts';
import { type FeatureApp, openFeatureApp } from '#test/support/feature-app.ts';
import { openTestDatabase, type TestDatabase } from '#test/support/test-database.ts';
import { startRules } from '../runner/start-rules.ts';
import { batchOf, type Step, testDevice, testRule } from '../testing/batches.ts';

const AT_MS = 1_790_000_000_000;
const TICKET_ID = newId();
const DEVICES = [testDevice('ac-1', { unitId: newId() }), testDevice('ac-2', { unitId: newId() })];
const HOT = testRule({ id: 'hot', condition: 'discharge_temp > 110.0', severity: 'critical' });

interface Desk extends AsyncDisposable {
  readonly app: FeatureApp;
  readonly database: TestDatabase;
  /** Feeds steps as a log batch and waits for their alarms. */
  say(...steps: Step[]): Promise<void>;
  list(query?: string): Promise<{ items: Alarm[]; nextCursor: string | null }>;
}

/** Alarms behind the real engine; an acknowledgement goes round by the log, unless the log is `isDown`. */
async function openDesk({ isDown = false } = {}): Promise<Desk> {
  const database = await openTestDatabase();
  const clock = createClock();
  const { db } = database;
  let sequence = 0;
  const rules = await startRules(
    {
      db,
      clock,
      log: createLog({ level: 'silent', format: 'json' }),
      metrics: createMetrics(),
      outbox: createOutbox({ clock }, { consumers: [] }),
      audit: createAudit({ clock }),
      findDevice: (id) => DEVICES.find((device) => device.id === id),
      ticketsOfAlarms: async (ids) => new Map(ids.slice(0, 1).map((id) => [id, TICKET_ID])),
      acknowledgeAlarm: (alarmKey) => {
        if (!isDown) feed({ type: 'acknowledge', alarmKey, atMs: AT_MS + 9_000 });
      },
    },
    { nodeId: 'node-1', catalog: [HOT] },
  );
  const feed = (...steps: Step[]) => {
    sequence += 1;
    rules.onBatch({ ...batchOf(steps), sequence });
  };
  const app = await openFeatureApp({ db, clock }, rules.routes);
  return {
    app,
    database,
    say: async (...steps) => {
      feed(...steps);
      await rules.flushed();
    },
    list: async (query = '') => (await app.call('GET', `/alarms${query}`)).json(),
    [Symbol.asyncDispose]: async () => {
      await app[Symbol.asyncDispose]();
      await rules[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

const [one, two] = DEVICES as [ReturnType<typeof testDevice>, ReturnType<typeof testDevice>];
const hot = (atMs: number, discharge_temp = 120): Step => ({ device: one, atMs, values: { discharge_temp } });
const fault = (code: string, state: 'raised' | 'cleared', atMs: number): Step => {
  const seen = { observedAtMs: atMs, receivedAtMs: atMs, detail: null };
  return { type: 'fault', device: two, component: 'idu-1', code, state, ...seen };
};

test('E1: alarms are listed newest first, with why they are there and their ticket', async () => {
  await using desk = await openDesk();
  await desk.say(hot(AT_MS), fault('X9', 'raised', AT_MS + 1_000));
  await desk.say(fault('X9', 'cleared', AT_MS + 2_000));
  const { items, nextCursor } = await desk.list();
  expect(nextCursor).toBeNull();
  expect(items).toMatchObject([
    {
      ruleId: null,
      deviceId: 'ac-2',
      unitId: two.unitId,
      component: 'idu-1',
      state: 'returned',
      faultCode: 'X9',
      raisedAt: new Date(AT_MS + 1_000).toISOString(),
      returnedAt: new Date(AT_MS + 2_000).toISOString(),
      reason: { code: 'fault_cleared', params: { code: 'X9' } },
      ticketId: TICKET_ID,
    },
    {
      ruleId: 'hot',
      ruleVersion: 1,
      deviceId: 'ac-1',
      severity: 'critical',
      state: 'unacknowledged',
      returnedAt: null,
      acknowledgedAt: null,
      reason: { code: 'condition_held', params: { discharge_temp: 120 } },
      ticketId: null,
    },
  ]);
  const only = await desk.app.call('GET', `/alarms/${items[1]?.id}`);
  expect(only.json()).toEqual({ ...items[1], ticketId: TICKET_ID });
  expect((await desk.app.call('GET', `/alarms/${newId()}`)).statusCode).toBe(404);
});

test('a list is narrowed by what the caller asks, and given a page at a time', async () => {
  await using desk = await openDesk();
  await desk.say(
    hot(AT_MS),
    hot(AT_MS + 1_000, 20),
    hot(AT_MS + 2_000),
    fault('X9', 'raised', AT_MS + 3_000),
  );
  const keys = async (query: string) =>
    (await desk.list(query)).items.map(({ ruleId, state }) => `${ruleId} ${state}`);
  const all = ['null unacknowledged', 'hot unacknowledged', 'hot normal'];
  expect(await keys('')).toEqual(all);
  expect(await keys('?open=true')).toEqual(all.slice(0, 2));
  expect(await keys('?open=false')).toEqual(all.slice(2));
  expect(await keys('?deviceId=ac-1')).toEqual(all.slice(1));
  expect(await keys(`?unitId=${two.unitId}`)).toEqual(all.slice(0, 1));
  expect(await keys('?state=normal')).toEqual(all.slice(2));
  expect(await keys('?severity=critical&ruleId=hot&open=true')).toEqual(all.slice(1, 2));
  const first = await desk.list('?limit=2');
  const second = await desk.list(`?limit=2&cursor=${first.nextCursor}`);
  expect([...first.items, ...second.items].map(({ ruleId }) => ruleId)).toEqual([null, 'hot', 'hot']);
  expect((await desk.app.call('GET', '/alarms?state=open')).statusCode).toBe(422);
});

test('E2: an alarm is acknowledged once, by whom is kept, and the engine follows', async () => {
  await using desk = await openDesk();
  await desk.say(hot(AT_MS));
  const id = (await desk.list()).items[0]?.id;
  const refused = await desk.app.call('POST', `/alarms/${id}/acknowledge`, { role: 'technician' });
  expect(refused.statusCode).toBe(403);
  const answer = await desk.app.call('POST', `/alarms/${id}/acknowledge`, { role: 'agent' });
  expect(answer.json()).toMatchObject({
    state: 'acknowledged',
    acknowledgedAt: new Date(AT_MS + 9_000).toISOString(),
    reason: { code: 'condition_held' },
  });
  const again = await desk.app.call('POST', `/alarms/${id}/acknowledge`);
  expect(again.statusCode).toBe(409);
  expect(again.json()).toMatchObject({ code: 'ALARMS_NOT_ACKNOWLEDGEABLE' });
  await desk.say(hot(AT_MS + 20_000, 20));
  expect((await desk.list()).items).toMatchObject([{ state: 'normal' }]);
  const { rows } = await desk.database.pool.query(
    `select type, data->>'byUserId' as by from outbox_event order by seq`,
  );
  const audited = await desk.database.pool.query('select actor_id, action, entity_id from audit_record');
  expect(audited.rows).toEqual([{ actor_id: rows[1].by, action: 'alarm.acknowledge', entity_id: id }]);
  expect(rows.map(({ type }) => type)).toEqual(['alarm.raised', 'alarm.acknowledged', 'alarm.returned']);
});

test('an alarm that has returned ends when it is acknowledged', async () => {
  await using desk = await openDesk();
  await desk.say(hot(AT_MS), hot(AT_MS + 1_000, 20));
  const [alarm] = (await desk.list()).items;
  expect(alarm?.state).toBe('returned');
  const answer = await desk.app.call('POST', `/alarms/${alarm?.id}/acknowledge`);
  expect(answer.json()).toMatchObject({ state: 'normal' });
});

test('an acknowledgement that the log has not taken yet can be repeated, and is noted once', async () => {
  await using desk = await openDesk({ isDown: true });
  await desk.say(hot(AT_MS));
  const id = (await desk.list()).items[0]?.id;
  for (let times = 0; times < 2; times += 1) {
    const answer = await desk.app.call('POST', `/alarms/${id}/acknowledge`);
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({ state: 'unacknowledged' });
  }
  const { rows } = await desk.database.pool.query('select count(*) from audit_record');
  expect(rows).toEqual([{ count: 1 }]);
});
