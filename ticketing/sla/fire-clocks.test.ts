import { expect, test } from 'vitest';
import { createClock } from '#platform/clock.ts';
import { newId } from '#platform/ids.ts';
import { openBullmqJobs } from '#platform/jobs/bullmq-jobs.ts';
import { createLog } from '#platform/log.ts';
import { createOutbox } from '#platform/outbox/postgres-outbox.ts';
import { openTestDatabase } from '#test/support/test-database.ts';
import { addTechnician, addUnit, openTestDesk, raised, type TestDesk } from '#test/support/test-desk.ts';
import { startClocks } from './clocks.ts';
import { defineSlaJobs } from './fire-clocks.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

async function dispatched(desk: TestDesk) {
  await addTechnician(desk);
  await desk.publish(raised(await addUnit(desk)));
  await desk.settle();
  const [order] = (await desk.call('GET /work-orders')).body.items;
  return order;
}

async function clock(desk: TestDesk, path: string, kind: string) {
  const { clocks } = (await desk.call(`GET ${path}`)).body;
  return clocks.find((each: { kind: string }) => each.kind === kind);
}

test('T6: a contact a millisecond before the limit keeps the promise, one after breaks it', async () => {
  for (const [late, met] of [
    [-1, true],
    [1, false],
  ] as const) {
    await using desk = await openTestDesk();
    const order = await dispatched(desk);
    const path = `/work-orders/${order.id}`;
    await desk.call(`POST ${path}/accept`, {});
    desk.clock.advance(15 * MINUTE_MS + late);
    await desk.call(`POST ${path}/contact`, { etaAt: 1, symptomConfirmed: true });
    const t6 = await clock(desk, path, 'T6');
    expect(t6).toMatchObject({ met, breachedAt: met ? null : t6.dueAt });
    expect(await desk.events('sla.breached')).toHaveLength(met ? 0 : 1);
  }
});

test('after downtime every overdue clock fires once, at its due instant, and a plausible time amends it', async () => {
  await using desk = await openTestDesk();
  const order = await dispatched(desk);
  const start = desk.clock.nowMs();
  const path = `/work-orders/${order.id}`;
  desk.clock.advance(3 * HOUR_MS);
  await Promise.all([desk.sweep('sla.sweep'), desk.sweep('sla.sweep')]);
  await desk.sweep('sla.sweep');
  const breaches = await desk.events('sla.breached');
  expect(breaches.map(({ kind, dueAtMs }) => [kind, dueAtMs]).sort()).toEqual([
    ['T2', start + 15 * MINUTE_MS],
    ['T6', start + 15 * MINUTE_MS],
  ]);
  await desk.call(`POST ${path}/accept`, { occurredAt: start + MINUTE_MS });
  await desk.call(`POST ${path}/contact`, {
    etaAt: 1,
    symptomConfirmed: true,
    occurredAt: start + 2 * MINUTE_MS,
  });
  const due = new Date(start + 15 * MINUTE_MS).toISOString();
  expect(await clock(desk, path, 'T6')).toMatchObject({
    met: true,
    breachedAt: due,
    amendedAt: expect.any(String),
  });
  expect(await clock(desk, `/tickets/${order.ticketId}`, 'T2')).toMatchObject({ met: true, breachedAt: due });
});

test('T6: an order declined in time breaks no promise; declined too late it did', async () => {
  for (const late of [-1, 1]) {
    await using desk = await openTestDesk();
    const order = await dispatched(desk);
    desk.clock.advance(15 * MINUTE_MS + late);
    await desk.call(`POST /work-orders/${order.id}/decline`, { reason: 'ill' });
    const breaches = (await desk.events('sla.breached')).filter(({ kind }) => kind === 'T6');
    expect(breaches).toHaveLength(late > 0 ? 1 : 0);
    await desk.sweep('sla.sweep');
    expect((await desk.events('sla.breached')).filter(({ kind }) => kind === 'T6')).toEqual(breaches);
  }
});

test('T2: whoever acknowledges the alarm has taken notice of its ticket', async () => {
  await using desk = await openTestDesk();
  const alarm = raised(await addUnit(desk));
  await desk.publish(alarm);
  await desk.settle();
  desk.clock.advance(MINUTE_MS);
  await desk.publish({
    type: 'alarm.acknowledged',
    data: { alarmId: alarm.data.alarmId, byUserId: newId() },
  });
  await desk.settle();
  const [ticket] = (await desk.call('GET /tickets')).body.items;
  expect(await clock(desk, `/tickets/${ticket.id}`, 'T2')).toMatchObject({
    met: true,
    stoppedAt: new Date(desk.clock.nowMs()).toISOString(),
  });
});

test('T5, T9: completion stops one promise and starts the callback, which is recorded in time', async () => {
  await using desk = await openTestDesk();
  const order = await dispatched(desk);
  const path = `/work-orders/${order.id}`;
  expect((await desk.call(`POST ${path}/callback`, { satisfied: true, text: 'fine' })).status).toBe(409);
  for (const [action, body] of [
    ['accept', {}],
    ['contact', { etaAt: 1, symptomConfirmed: true }],
    ['appoint', { from: 1 }],
    ['depart', {}],
    ['arrive', {}],
    ['diagnose', { confirmedCause: 'leak' }],
    ['start-repair', {}],
    ['test', { passed: true }],
  ] as const) {
    await desk.call(`POST ${path}/${action}`, body);
  }
  expect(await clock(desk, `/tickets/${order.ticketId}`, 'T5')).toMatchObject({ met: true });
  desk.clock.advance(24 * HOUR_MS);
  const answer = await desk.call(`POST ${path}/callback`, { satisfied: true, text: 'runs well' }, 'agent');
  expect(answer.status).toBe(200);
  expect(await clock(desk, path, 'T9')).toMatchObject({ met: true, breachedAt: null });
});

test('a clock fires by its delayed job at the instant, with the sweep running', async () => {
  await using database = await openTestDatabase();
  const { db } = database;
  const clock = createClock(600);
  const log = createLog({ level: 'silent', format: 'json' });
  await using jobs = await openBullmqJobs({ clock, log }, { connectionString: database.url });
  const outbox = createOutbox({ clock }, { consumers: [] });
  defineSlaJobs({ db, outbox, clock, jobs });
  await jobs.start();
  const startedAtMs = clock.nowMs() - 14 * MINUTE_MS;
  await db
    .transaction()
    .execute((tx) => startClocks(tx, [{ kind: 'T2', ticketId: newId(), workOrderId: null, startedAtMs }]));
  await expect
    .poll(
      async () => {
        const { rows } = await database.pool.query(
          `select data from outbox_event where type = 'sla.breached'`,
        );
        return rows.map(({ data }) => data.dueAtMs);
      },
      { timeout: 20_000 },
    )
    .toEqual([startedAtMs + 15 * MINUTE_MS]);
});
