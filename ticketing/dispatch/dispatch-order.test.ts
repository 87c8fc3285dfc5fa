import { expect, test } from 'vitest';
import { newId } from '#platform/ids.ts';
import { addTechnician, addUnit, openTestDesk, raised } from '#test/support/test-desk.ts';

test('40 faults at once on two nodes: every order goes out once, and the load is shared', async () => {
  await using desk = await openTestDesk();
  await using _other = desk.startConsumers();
  const technicians = [await addTechnician(desk), await addTechnician(desk), await addTechnician(desk)];
  const units = await Promise.all(Array.from({ length: 40 }, () => addUnit(desk)));
  await Promise.all(units.map((unit) => desk.publish(raised(unit))));
  await Promise.all([desk.sweep('dispatch.sweep'), desk.sweep('dispatch.sweep')]);
  await desk.settle();
  const { items } = (await desk.call('GET /work-orders?limit=200')).body;
  expect(items).toHaveLength(40);
  expect(new Set(items.map(({ status }: { status: string }) => status))).toEqual(new Set(['dispatched']));
  const { rows } = await desk.database.pool.query(
    'select technician_id, count(*)::int as orders from dispatch group by 1 order by 1',
  );
  expect(rows.map(({ technician_id }) => technician_id)).toEqual(technicians);
  expect(rows.reduce((sum, { orders }) => sum + orders, 0)).toBe(40);
  expect(Math.max(...rows.map(({ orders }) => orders))).toBeLessThan(20);
});

test('maintenance waits until three days before it is due; a plan has one open order', async () => {
  await using desk = await openTestDesk();
  const technicianId = await addTechnician(desk);
  const unit = await addUnit(desk);
  const plan = {
    planId: newId(),
    ...unit,
    title: { 'zh-CN': '清洗滤网', en: 'Clean the filter' },
    reason: { code: 'trend', params: {}, text: { 'zh-CN': '压差上升', en: 'Pressure drop rises' } },
  };
  const open = (dueAtMs: number) =>
    desk.database.db.transaction().execute((tx) => desk.desk.openMaintenanceOrder(tx, { ...plan, dueAtMs }));
  const day = 86_400_000;
  const first = await open(desk.clock.nowMs() + 10 * day);
  await desk.publish();
  await desk.settle();
  const path = `/work-orders/${first.workOrderId}`;
  expect((await desk.call(`GET ${path}`)).body).toMatchObject({
    kind: 'maintenance',
    status: 'planned',
    holdReason: 'not_due',
  });
  expect(await open(desk.clock.nowMs() + 9 * day)).toEqual(first);
  desk.clock.advance(6 * day);
  await desk.sweep('dispatch.sweep');
  expect((await desk.call(`GET ${path}`)).body).toMatchObject({ status: 'dispatched', technicianId });
});
