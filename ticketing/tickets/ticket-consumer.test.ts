import { expect, test } from 'vitest';
import { newId } from '#platform/ids.ts';
import { addTechnician, addUnit, openTestDesk, raised, returned } from '#test/support/test-desk.ts';

test('a raised alarm becomes an assessed ticket with one work order, sent to a technician', async () => {
  await using desk = await openTestDesk();
  const technicianId = await addTechnician(desk);
  const unit = await addUnit(desk);
  await desk.publish(raised(unit));
  await desk.settle();

  const tickets = await desk.call(`GET /tickets?deviceId=${unit.deviceId}`);
  expect(tickets.body.items).toHaveLength(1);
  const [ticket] = tickets.body.items;
  expect(ticket).toMatchObject({
    number: 'TK-000001',
    unitId: unit.unitId,
    deviceId: unit.deviceId,
    status: 'in_progress',
    priority: 'P2',
    source: 'device',
    faultFamily: 'high_pressure',
    faultCode: 'E1',
  });
  const orders = await desk.call(`GET /work-orders?ticketId=${ticket.id}`);
  expect(orders.body.items).toMatchObject([
    { id: ticket.workOrderIds[0], kind: 'repair', status: 'dispatched', technicianId, priority: 'P2' },
  ]);
  const detail = await desk.call(`GET /tickets/${ticket.id}`);
  expect(detail.body).toMatchObject({ assessedBy: 'fault:E1', reportCount: 1 });
  expect(detail.body.timeline.map(({ action }: { action: string }) => action)).toEqual([
    'open',
    'assess',
    'start',
  ]);
  expect(detail.body.clocks.map(({ kind }: { kind: string }) => kind).sort()).toEqual(['T2', 'T5', 'T6']);
});

test('a code that no table maps opens at P4, and an alarm that asks for nothing opens nothing', async () => {
  await using desk = await openTestDesk();
  const unit = await addUnit(desk);
  await desk.publish(
    raised(unit, { faultFamily: 'code:X9', faultCode: 'X9' }),
    raised(unit, { faultFamily: 'offline', action: 'none' }),
  );
  await desk.settle();
  const { body } = await desk.call('GET /tickets');
  expect(body.items).toMatchObject([{ faultFamily: 'code:X9', priority: 'P4' }]);
  const orders = await desk.call('GET /work-orders');
  expect(orders.body.items).toMatchObject([{ status: 'planned', holdReason: 'no_skill' }]);
});

test('an emergency starts the emergency clock', async () => {
  await using desk = await openTestDesk();
  const unit = await addUnit(desk);
  await desk.publish(raised(unit, { faultFamily: 'power_module', ruleId: 'ipm', ruleVersion: 3 }));
  await desk.settle();
  const [ticket] = (await desk.call('GET /tickets')).body.items;
  expect(ticket).toMatchObject({ priority: 'P1', isEmergency: true, category: 'emergency_repair' });
  const detail = (await desk.call(`GET /tickets/${ticket.id}`)).body;
  expect(detail.assessedBy).toBe('rule:ipm@3');
  expect(detail.clocks.map(({ kind }: { kind: string }) => kind).sort()).toEqual(['T1', 'T5']);
});

test('1,000 alarms on two nodes and 3 calls about one fault are one ticket with 1,003 reports', async () => {
  await using desk = await openTestDesk();
  await addTechnician(desk);
  const unit = await addUnit(desk);
  await using _other = desk.startConsumers();
  const alarms = Array.from({ length: 1_000 }, () => raised(unit));
  const publishers = Array.from({ length: 10 }, async (_, n) => {
    for (const alarm of alarms.slice(n * 100, n * 100 + 100)) await desk.publish(alarm);
  });
  const calls = ['phone', 'web', 'chat'].map((channel, n) =>
    desk.call('POST /service-requests', {
      channel,
      deviceId: unit.deviceId,
      symptom: 'does not cool',
      contact: { name: `caller ${n}`, phone: '13800000001' },
      ...(n === 2 && { faultCode: 'E1' }),
    }),
  );
  const answers = await Promise.all(calls);
  await Promise.all(publishers);
  await desk.settle();

  const { body } = await desk.call('GET /tickets');
  expect(body.items).toHaveLength(1);
  const [ticket] = body.items;
  expect(answers.map((answer) => answer.body.ticketId)).toEqual([ticket.id, ticket.id, ticket.id]);
  const detail = (await desk.call(`GET /tickets/${ticket.id}`)).body;
  expect(detail.reportCount).toBe(1_003);
  expect(detail.workOrderIds).toHaveLength(1);
  const found = await desk.desk.ticketOfAlarms(
    desk.database.db,
    alarms.map(({ data }) => data.alarmId),
  );
  expect(new Set(found.values())).toEqual(new Set([ticket.id]));
  expect(found.size).toBe(1_000);
});

test('the same event twice attaches one report', async () => {
  await using desk = await openTestDesk();
  const unit = await addUnit(desk);
  const alarm = raised(unit);
  await desk.publish(alarm, alarm);
  await desk.settle();
  const [ticket] = (await desk.call('GET /tickets')).body.items;
  expect((await desk.call(`GET /tickets/${ticket.id}`)).body.reportCount).toBe(1);
});

test('what cleared by itself before anybody was sent closes after the hold time, with its order', async () => {
  await using desk = await openTestDesk();
  const unit = await addUnit(desk);
  const alarm = raised(unit);
  await desk.publish(alarm);
  await desk.publish(returned(alarm, desk.clock.nowMs()));
  await desk.settle();
  desk.clock.advance(599_999);
  await desk.sweep('tickets.self_clear');
  expect((await desk.call('GET /tickets')).body.items).toMatchObject([{ status: 'assessed' }]);
  desk.clock.advance(1);
  await desk.sweep('tickets.self_clear');
  expect((await desk.call('GET /tickets')).body.items).toMatchObject([
    { status: 'closed', resolution: 'self_cleared' },
  ]);
  expect((await desk.call('GET /work-orders')).body.items).toMatchObject([{ status: 'cancelled' }]);
});

test('what cleared by itself after somebody was sent stays in hand', async () => {
  await using desk = await openTestDesk();
  await addTechnician(desk);
  const unit = await addUnit(desk);
  const alarm = raised(unit);
  await desk.publish(alarm);
  await desk.publish(returned(alarm, desk.clock.nowMs()));
  await desk.settle();
  desk.clock.advance(3_600_000);
  await desk.sweep('tickets.self_clear');
  expect((await desk.call('GET /tickets')).body.items).toMatchObject([{ status: 'in_progress' }]);
});

test('a fault that is back within the reopen window reopens its ticket; later it gets another', async () => {
  await using desk = await openTestDesk();
  const unit = await addUnit(desk);
  const first = raised(unit);
  await desk.publish(first, returned(first, desk.clock.nowMs()));
  await desk.settle();
  desk.clock.advance(600_000);
  await desk.sweep('tickets.self_clear');

  desk.clock.advance(23 * 3_600_000);
  const second = raised(unit, { raisedAtMs: desk.clock.nowMs() });
  await desk.publish(second);
  await desk.settle();
  const [reopened] = (await desk.call('GET /tickets')).body.items;
  expect(reopened).toMatchObject({ number: 'TK-000001', status: 'in_progress', resolution: null });
  expect(reopened.workOrderIds).toHaveLength(2);

  await desk.call(`POST /tickets/${reopened.id}/cancel`, { reason: 'test' });
  await desk.publish(raised(unit, { raisedAtMs: desk.clock.nowMs() }));
  await desk.settle();
  expect((await desk.call('GET /tickets')).body.items).toHaveLength(2);
});

test('an alarm explains an earlier call about the same unit: the ticket takes its family', async () => {
  await using desk = await openTestDesk();
  const unit = await addUnit(desk);
  const { body } = await desk.call('POST /service-requests', {
    channel: 'phone',
    serial: unit.serial,
    symptom: 'warm air',
    contact: { name: 'Li', phone: '13800000001' },
  });
  await desk.publish(raised(unit));
  await desk.settle();
  const { items } = (await desk.call('GET /tickets')).body;
  expect(items).toMatchObject([{ id: body.ticketId, faultFamily: 'high_pressure', source: 'phone' }]);
  expect(items[0].workOrderIds).toHaveLength(1);
});

test('different components and families are different faults', async () => {
  await using desk = await openTestDesk();
  const unit = await addUnit(desk);
  await desk.publish(
    raised(unit, { component: 'idu-1' }),
    raised(unit, { component: 'idu-2' }),
    raised(unit, { faultFamily: 'low_pressure' }),
    raised(unit, { component: 'idu-1', alarmId: newId() }),
  );
  await desk.settle();
  expect((await desk.call('GET /tickets')).body.items).toHaveLength(3);
});
