import { sql } from 'kysely';
import { expect, test } from 'vitest';
import {
  addTechnician,
  addUnit,
  openTestDesk,
  raised,
  returned,
  type TestDesk,
} from '#test/support/test-desk.ts';

const MINUTE_MS = 60_000;
const UNTIL_TESTED: [string, object][] = [
  ['accept', {}],
  ['contact', { etaAt: 1, symptomConfirmed: true }],
  ['appoint', { from: 1 }],
  ['depart', {}],
  ['arrive', {}],
  ['diagnose', { confirmedCause: 'leak' }],
  ['start-repair', {}],
  ['test', { passed: true }],
];

/** A fault repaired, tested, and (unless told otherwise) returned and signed. */
async function repaired(desk: TestDesk, { isReturned = true, isSigned = true } = {}) {
  const technicianId = await addTechnician(desk);
  const unit = await addUnit(desk);
  const alarm = raised(unit);
  await desk.publish(alarm);
  await desk.settle();
  const [order] = (await desk.call('GET /work-orders')).body.items;
  const steps: [string, object][] = [
    ...UNTIL_TESTED,
    ...(isSigned ? [['sign', { refusedReason: 'away' }] as [string, object]] : []),
  ];
  for (const [action, body] of steps) await desk.call(`POST /work-orders/${order.id}/${action}`, body);
  if (isReturned) await desk.publish(returned(alarm, desk.clock.nowMs()));
  await desk.settle();
  const ticket = async () => (await desk.call(`GET /tickets/${order.ticketId}`)).body;
  const card = async () => (await desk.call(`GET /work-orders/${order.id}`)).body;
  return { unit, technicianId, order, ticket, card };
}

test('a fault that stays away for the window under load proves the repair and closes the ticket', async () => {
  await using desk = await openTestDesk();
  const { ticket, card } = await repaired(desk);
  desk.load.ms = 12 * MINUTE_MS;
  desk.clock.advance(30 * MINUTE_MS - 1);
  await desk.sweep('repair.verify');
  expect((await card()).verification).toBe('pending');
  desk.clock.advance(1);
  await desk.sweep('repair.verify');
  expect(await card()).toMatchObject({
    verification: 'verified',
    verificationEvidence: { state: 'verified', evidence: { loadedMs: 12 * MINUTE_MS, alarmIds: [] } },
  });
  expect(await ticket()).toMatchObject({ status: 'closed', resolution: 'onsite' });
});

test('H1: a proven repair without a signature leaves the ticket open until it is signed', async () => {
  await using desk = await openTestDesk();
  const { order, ticket } = await repaired(desk, { isSigned: false });
  desk.load.ms = 12 * MINUTE_MS;
  desk.clock.advance(30 * MINUTE_MS);
  await desk.sweep('repair.verify');
  expect((await ticket()).status).toBe('resolved');
  const close = await desk.call(`POST /tickets/${order.ticketId}/close`);
  expect(close).toMatchObject({ status: 409, body: { code: 'TICKET_SIGNATURE_MISSING' } });
  await desk.call(`POST /work-orders/${order.id}/sign`, { refusedReason: 'away' });
  expect((await ticket()).status).toBe('closed');
});

test('a unit that did not work enough is watched longer, and after a day proves nothing', async () => {
  await using desk = await openTestDesk();
  const { ticket, card } = await repaired(desk);
  desk.clock.advance(30 * MINUTE_MS);
  await desk.sweep('repair.verify');
  expect(await card()).toMatchObject({
    verification: 'pending',
    verificationEvidence: { evidence: { reason: 'not_loaded' } },
  });
  desk.clock.advance(24 * 60 * MINUTE_MS);
  await desk.sweep('repair.verify');
  await desk.sweep('repair.verify');
  expect(await card()).toMatchObject({
    verification: 'none',
    verificationEvidence: { state: 'inconclusive' },
  });
  expect((await ticket()).status).toBe('closed');
});

test('a fault that is back in the window counts against the repair and goes to the same technician', async () => {
  await using desk = await openTestDesk();
  await addTechnician(desk, { name: 'idle' });
  const { unit, order, ticket, card } = await repaired(desk);
  const { technicianId } = (await card()) as { technicianId: string };
  desk.clock.advance(10 * MINUTE_MS);
  await desk.publish(raised(unit, { raisedAtMs: desk.clock.nowMs() }));
  await desk.settle();
  expect((await card()).verification).toBe('recurred');
  const again = await ticket();
  expect(again).toMatchObject({ status: 'in_progress', resolution: null });
  expect(again.workOrderIds).toHaveLength(2);
  const [second] = (await desk.call(`GET /work-orders?ticketId=${order.ticketId}`)).body.items;
  expect(second).toMatchObject({ status: 'dispatched', technicianId, verification: 'none' });
});

test('an alarm that never returned after the repair means it was none', async () => {
  await using desk = await openTestDesk();
  const { ticket, card } = await repaired(desk, { isReturned: false });
  desk.load.ms = 60 * MINUTE_MS;
  desk.clock.advance(30 * MINUTE_MS);
  await desk.sweep('repair.verify');
  expect(await card()).toMatchObject({
    verification: 'pending',
    verificationEvidence: { evidence: { reason: 'alarm_stands' } },
  });
  desk.clock.advance(24 * 60 * MINUTE_MS);
  await desk.sweep('repair.verify');
  await desk.sweep('repair.verify');
  expect((await card()).verification).toBe('recurred');
  expect((await ticket()).status).toBe('in_progress');
});

test('a unit whose telemetry cannot be read does not keep the others from being judged', async () => {
  await using desk = await openTestDesk();
  const first = await repaired(desk);
  desk.clock.advance(1);
  const second = await repaired(desk);
  desk.load.ms = 12 * MINUTE_MS;
  desk.load.unreadable = first.unit.deviceId;
  desk.clock.advance(30 * MINUTE_MS);
  await expect(desk.sweep('repair.verify')).rejects.toThrow('telemetry is away');
  expect((await first.card()).verification).toBe('pending');
  expect((await second.card()).verification).toBe('verified');
});

/** A repair that was tested while its alarm stands and another order of the ticket is unfinished. */
async function repairedBesideAnother(desk: TestDesk) {
  await addTechnician(desk);
  const alarm = raised(await addUnit(desk));
  await desk.publish(alarm);
  await desk.settle();
  const [order] = (await desk.call('GET /work-orders')).body.items;
  expect((await desk.call('POST /work-orders', { ticketId: order.ticketId })).status).toBe(201);
  for (const [action, body] of UNTIL_TESTED) await desk.call(`POST /work-orders/${order.id}/${action}`, body);
  await desk.settle();
  const ticket = async () => (await desk.call(`GET /tickets/${order.ticketId}`)).body;
  const card = async () => (await desk.call(`GET /work-orders/${order.id}`)).body;
  expect((await ticket()).status).toBe('in_progress');
  expect((await card()).verification).toBe('pending');
  return { order, alarm, ticket, card };
}

/** Lets the window run to its end, where the alarm that still stands decides. */
async function runOut(desk: TestDesk) {
  desk.clock.advance(30 * MINUTE_MS);
  await desk.sweep('repair.verify');
  desk.clock.advance(24 * 60 * MINUTE_MS);
  await desk.sweep('repair.verify');
  await desk.sweep('repair.verify');
}

test('a repair that failed while other work goes on is judged, and the ticket stays as it is', async () => {
  await using desk = await openTestDesk();
  const { alarm, ticket, card } = await repairedBesideAnother(desk);
  await runOut(desk);
  expect(await card()).toMatchObject({
    verification: 'recurred',
    verificationEvidence: {
      state: 'recurred',
      evidence: { reason: 'alarm_stands', alarmIds: [alarm.data.alarmId] },
    },
  });
  expect(await ticket()).toMatchObject({ status: 'in_progress' });
  expect((await ticket()).workOrderIds).toHaveLength(2);
});

test('a repair of a ticket cancelled since is judged, and the ticket stays cancelled', async () => {
  await using desk = await openTestDesk();
  const { order, ticket, card } = await repairedBesideAnother(desk);
  await desk.call(`POST /tickets/${order.ticketId}/cancel`, { reason: 'unit scrapped' });
  await runOut(desk);
  expect((await card()).verification).toBe('recurred');
  expect((await ticket()).status).toBe('cancelled');
});

test('however many repairs cannot be judged, the others have their turn', async () => {
  await using desk = await openTestDesk();
  const first = await repaired(desk);
  desk.clock.advance(1);
  const second = await repaired(desk);
  await sql`
    insert into work_order
    select (jsonb_populate_record(w, jsonb_build_object('id', gen_random_uuid(), 'number', 'X' || n))).*
    from work_order w, generate_series(1, 250) n where id = ${first.order.id}`.execute(desk.database.db);
  await sql`
    insert into verification
    select (jsonb_populate_record(v, jsonb_build_object('id', w.id, 'work_order_id', w.id))).*
    from verification v, work_order w where v.work_order_id = ${first.order.id} and w.number like 'X%'`.execute(
    desk.database.db,
  );
  desk.load.ms = 12 * MINUTE_MS;
  desk.load.unreadable = first.unit.deviceId;
  desk.clock.advance(30 * MINUTE_MS);
  await expect(desk.sweep('repair.verify')).rejects.toThrow('telemetry is away');
  await expect(desk.sweep('repair.verify')).rejects.toThrow('telemetry is away');
  expect((await second.card()).verification).toBe('verified');
});
