import { expect, test } from 'vitest';
import {
  addTechnician,
  addUnit,
  openTestDesk,
  raised,
  returned,
  type TestDesk,
} from '#test/support/test-desk.ts';

/** A fault repaired, tested and signed. */
async function repaired(desk: TestDesk) {
  const alarm = raised(await addUnit(desk));
  await desk.publish(alarm);
  await desk.settle();
  const [order] = (await desk.call('GET /work-orders')).body.items;
  const path = `/work-orders/${order.id}`;
  for (const [action, body] of [
    ['accept', {}],
    ['contact', { etaAt: 1, symptomConfirmed: true }],
    ['appoint', { from: 1 }],
    ['depart', {}],
    ['arrive', {}],
    ['diagnose', { confirmedCause: 'leak' }],
    ['start-repair', {}],
    ['test', { passed: true }],
    ['sign', { refusedReason: 'away' }],
  ] as const) {
    await desk.call(`POST ${path}/${action}`, body);
  }
  await desk.publish(returned(alarm, desk.clock.nowMs()));
  await desk.settle();
  const ticket = async () => (await desk.call(`GET /tickets/${order.ticketId}`)).body;
  return { path, ticket, technicianId: order.technicianId };
}

const UNSATISFIED = { satisfied: false, text: 'still warm' };

test('I1: an order is called back about once', async () => {
  await using desk = await openTestDesk();
  await addTechnician(desk);
  const { path } = await repaired(desk);
  const satisfied = { satisfied: true, text: 'fine' };
  expect((await desk.call(`POST ${path}/callback`, satisfied, 'agent')).status).toBe(200);
  expect(await desk.call(`POST ${path}/callback`, UNSATISFIED, 'agent')).toMatchObject({
    status: 409,
    body: { code: 'WORK_ORDER_CALLED_BACK' },
  });
  expect((await desk.call(`GET ${path}`)).body.callback).toMatchObject({ satisfied: true });
});

test('I8: a customer who is not satisfied reopens the ticket, and the repair counts as failed', async () => {
  await using desk = await openTestDesk();
  await addTechnician(desk);
  const { path, ticket, technicianId } = await repaired(desk);
  const answer = await desk.call(`POST ${path}/callback`, UNSATISFIED, 'agent');
  expect(answer).toMatchObject({ status: 200, body: { verification: 'recurred' } });
  await desk.settle();
  const again = await ticket();
  expect(again).toMatchObject({ status: 'in_progress', resolution: null });
  expect(again.workOrderIds).toHaveLength(2);
  expect(again.timeline.at(-1)).toMatchObject({ action: 'reopen', reason: 'customer_unsatisfied' });
  expect((await desk.call(`GET ${path}`)).body.verificationEvidence).toMatchObject({
    evidence: { reason: 'customer_unsatisfied', alarmIds: [] },
  });
  const [second] = (await desk.call('GET /work-orders')).body.items;
  expect(second).toMatchObject({ status: 'dispatched', technicianId });
});

test('I8: within the reopen window a closed ticket opens again; later the callback is only recorded', async () => {
  await using desk = await openTestDesk();
  await addTechnician(desk);
  const [first, second] = [await repaired(desk), await repaired(desk)];
  desk.load.ms = 3_600_000;
  desk.clock.advance(1_800_000);
  await desk.sweep('repair.verify');
  expect(await first.ticket()).toMatchObject({ status: 'closed' });
  await desk.call(`POST ${first.path}/callback`, UNSATISFIED, 'agent');
  expect((await first.ticket()).status).toBe('in_progress');
  desk.clock.advance(25 * 3_600_000);
  expect((await desk.call(`POST ${second.path}/callback`, UNSATISFIED, 'agent')).status).toBe(200);
  expect((await second.ticket()).status).toBe('closed');
});
