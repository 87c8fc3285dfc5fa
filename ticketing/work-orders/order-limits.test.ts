import { expect, test } from 'vitest';
import { addTechnician, addUnit, openTestDesk, raised, type TestDesk } from '#test/support/test-desk.ts';

/** A dispatched order of a fresh fault, and whoever it went to. */
async function dispatched(desk: TestDesk) {
  const technicianId = await addTechnician(desk);
  await desk.publish(raised(await addUnit(desk)));
  await desk.settle();
  const [order] = (await desk.call('GET /work-orders')).body.items;
  return { technicianId, as: `technician/${technicianId}`, path: `/work-orders/${order.id}` };
}

test("a technician reaches for somebody else's order only with another role that performs orders", async () => {
  await using desk = await openTestDesk();
  const { path, technicianId } = await dispatched(desk);
  const id = await addTechnician(desk, { name: 'Wang' });
  for (const [roles, status] of [
    ['technician', 403],
    ['technician+agent', 403],
    ['technician+dispatcher', 200],
    ['technician+manager', 200],
    ['technician+admin', 200],
    ['dispatcher', 200],
  ] as const) {
    const log = (whose: string) => desk.call(`POST ${path}/log`, { text: 'x' }, `${roles}/${whose}`);
    const read = await desk.call(`GET ${path}`, undefined, `${roles}/${id}`);
    const list = (await desk.call('GET /work-orders', undefined, `${roles}/${id}`)).body.items;
    const seen = status === 200 ? 1 : 0;
    expect([roles, read.status, (await log(id)).status, list.length]).toEqual([roles, status, status, seen]);
    expect([roles, (await log(technicianId)).status]).toEqual([roles, 200]);
  }
  expect((await desk.call(`GET ${path}`, undefined, 'agent')).status).toBe(200);
  expect((await desk.call(`POST ${path}/log`, { text: 'x' }, 'agent')).status).toBe(403);
});

test('E9: the log takes nothing from before the order, from the future, or once the order has ended', async () => {
  await using desk = await openTestDesk();
  const { as, path } = await dispatched(desk);
  const openedAtMs = desk.clock.nowMs();
  desk.clock.advance(3_600_000);
  const log = (occurredAt: string | number) => desk.call(`POST ${path}/log`, { text: 'x', occurredAt }, as);
  for (const implausible of ['0001-01-01T00:00:00Z', openedAtMs - 1, openedAtMs + 7_200_000]) {
    expect(await log(implausible)).toMatchObject({
      status: 422,
      body: { errors: [{ field: 'occurredAt' }] },
    });
  }
  expect((await log(openedAtMs)).status).toBe(200);
  await desk.call(`POST ${path}/cancel`, { reason: 'duplicate' });
  expect(await log(openedAtMs)).toMatchObject({
    status: 409,
    body: { code: 'WORK_ORDER_ILLEGAL_TRANSITION', allowed: [] },
  });
});
