import { expect, test } from 'vitest';
import { WEEKDAYS } from '#contracts/people.ts';
import { addTechnician, addUnit, openTestDesk, raised, type TestDesk } from '#test/support/test-desk.ts';

const MINUTE_MS = 60_000;
/** The desk's clock starts on a Saturday at 16:00 in Shanghai. */
const OFFICE = WEEKDAYS.slice(0, 5).map((day) => ({ day, from: '08:00', until: '17:00' }));

/** A fresh fault's order; `change` is of its alarm. */
async function fault(desk: TestDesk, change: Parameters<typeof raised>[1] = {}) {
  await desk.publish(raised(await addUnit(desk), change));
  await desk.settle();
  const [order] = (await desk.call('GET /work-orders')).body.items;
  return { order, path: `/work-orders/${order.id}` };
}

const card = async (desk: TestDesk, path: string) => (await desk.call(`GET ${path}`)).body;
const t6 = (clocks: { kind: string; met: boolean | null; startedAt: string }[]) =>
  clocks.filter(({ kind }) => kind === 'T6').map(({ met, startedAt }) => ({ met, startedAt }));

test('D1: off shift an ordinary order waits, and goes out when the shift starts', async () => {
  await using desk = await openTestDesk();
  const technicianId = await addTechnician(desk, { roster: { shifts: OFFICE } });
  const { order, path } = await fault(desk, { severity: 'minor' });
  expect(order).toMatchObject({ status: 'planned', holdReason: 'off_shift' });

  desk.clock.set(Date.parse('2026-11-22T23:59:00Z'));
  await desk.sweep('dispatch.sweep');
  expect((await card(desk, path)).status).toBe('planned');
  desk.clock.set(Date.parse('2026-11-23T00:00:00Z'));
  await desk.sweep('dispatch.sweep');
  const sent = await card(desk, path);
  expect(sent).toMatchObject({ status: 'dispatched', technicianId, holdReason: null });
  expect(sent.dispatches[0].scoreParts).toContainEqual({
    criterion: 'shift',
    score: 1,
    weight: 0.1,
    detail: { 'zh-CN': '当班，剩余 540 分钟', en: 'on shift for 540 more minutes' },
  });
});

test('A13: an emergency off shift goes to who is on call', async () => {
  await using desk = await openTestDesk();
  const skills = ['high_voltage'];
  await addTechnician(desk, { skills, roster: { shifts: OFFICE } });
  const onCall = await addTechnician(desk, {
    skills,
    name: 'Wang',
    roster: { shifts: OFFICE, isOnCall: true },
  });
  const { order } = await fault(desk, { faultFamily: 'ground_fault' });
  expect(order).toMatchObject({ status: 'dispatched', technicianId: onCall });
});

test('O3: an expired or revoked certificate is no skill; by hand it is refused as well', async () => {
  await using desk = await openTestDesk();
  const technicianId = await addTechnician(desk);
  const { pool } = desk.database;
  await pool.query(`update certificate set valid_until = '2026-11-21T08:00:00Z'`);
  const { order, path } = await fault(desk);
  expect(order).toMatchObject({ status: 'planned', holdReason: 'certificate_expired' });
  const byHand = () => desk.call(`POST ${path}/assign`, { technicianId }, 'dispatcher');
  expect(await byHand()).toMatchObject({
    status: 409,
    body: { code: 'WORK_ORDER_TECHNICIAN_UNCERTIFIED', errors: [{ field: 'technicianId' }] },
  });
  await pool.query(`update certificate set valid_until = null, status = 'prepared'`);
  await desk.sweep('dispatch.sweep');
  expect(await card(desk, path)).toMatchObject({ holdReason: 'no_skill' });
  await pool.query(`update certificate set status = 'revoked'`);
  expect((await byHand()).status).toBe(409);
  await pool.query(`update certificate set status = 'issued'`);
  expect(await byHand()).toMatchObject({ status: 200, body: { technicianId } });
});

test('D1: a dispatcher sees who could go and who could not, and why; the decision keeps its ranking', async () => {
  await using desk = await openTestDesk();
  const near = await addTechnician(desk);
  const far = await addTechnician(desk, { name: 'Wang', zone: 'west' });
  const unskilled = await addTechnician(desk, { name: 'Wu', skills: ['general'] });
  const away = await addTechnician(desk, { name: 'Zhao', roster: { shifts: [] } });
  const { order, path } = await fault(desk);
  expect(order.technicianId).toBe(near);

  const answer = await desk.call(`GET ${path}/candidates`, undefined, 'dispatcher');
  expect(answer.status).toBe(200);
  const { items, holdReason } = answer.body;
  expect(holdReason).toBeNull();
  const shown = new Map(items.map((each: { technicianId: string }) => [each.technicianId, each]));
  expect([...shown.keys()].slice(0, 2).toSorted()).toEqual([near, far]);
  expect(shown.get(far)).toMatchObject({
    name: 'Wang',
    openOrders: 0,
    score: expect.any(Number),
    excluded: null,
  });
  expect(shown.get(near)).toMatchObject({ openOrders: 1, excluded: null });
  expect(shown.get(unskilled)).toMatchObject({ score: null, scoreParts: [], excluded: 'no_certificate' });
  expect(shown.get(away)).toMatchObject({ excluded: 'off_shift' });
  expect((await desk.call(`GET ${path}/candidates`, undefined, `technician/${near}`)).status).toBe(403);

  const dispatches = (await desk.call(`GET /dispatches?workOrderId=${order.id}`, undefined, 'manager')).body;
  expect(dispatches.items).toMatchObject([
    {
      technicianId: near,
      ranking: {
        ranked: [{ technicianId: near }, { technicianId: far }],
        excluded: [{ technicianId: away, reason: 'off_shift' }],
        rankedCount: 2,
        excludedCount: 1,
      },
    },
  ]);
});

test('D4: unanswered for 15 minutes, an order goes to the next best, T6 anew, and the supervisor hears of it', async () => {
  await using desk = await openTestDesk();
  const first = await addTechnician(desk);
  const { path } = await fault(desk);
  const second = await addTechnician(desk, { name: 'Wang', zone: 'west' });
  desk.clock.advance(15 * MINUTE_MS - 1);
  await desk.sweep('dispatch.sweep');
  expect((await card(desk, path)).technicianId).toBe(first);

  desk.clock.advance(1);
  await desk.sweep('dispatch.sweep');
  const now = await card(desk, path);
  expect(now).toMatchObject({ status: 'dispatched', technicianId: second });
  expect(now.dispatches).toMatchObject([
    { technicianId: first, unansweredAt: expect.any(String), withdrawnAt: expect.any(String) },
    { technicianId: second, unansweredAt: null, decidedBy: 'system:dispatch' },
  ]);
  expect(t6(now.clocks)).toEqual([{ met: null, startedAt: new Date(desk.clock.nowMs()).toISOString() }]);
  expect(await desk.events('dispatch.unanswered')).toMatchObject([
    { technicianId: first, reofferedTo: second },
  ]);
  expect((await desk.call(`POST ${path}/accept`, {}, `technician/${first}`)).status).toBe(403);

  desk.clock.advance(16 * MINUTE_MS);
  await desk.sweep('dispatch.sweep');
  await desk.sweep('dispatch.sweep');
  expect(await card(desk, path)).toMatchObject({ status: 'dispatched', technicianId: second });
  expect(await desk.events('dispatch.unanswered')).toMatchObject([
    { reofferedTo: second },
    { technicianId: second, reofferedTo: null },
  ]);
  const list = await desk.call('GET /dispatches?answer=unanswered', undefined, 'manager');
  expect(list.body.items.map(({ technicianId }: { technicianId: string }) => technicianId)).toEqual([
    second,
    first,
  ]);
  expect((await desk.call(`POST ${path}/accept`, {}, `technician/${second}`)).status).toBe(200);
});

test('T6, D5: reassigned, an order leaves the first and its 15 minutes start anew for the second', async () => {
  await using desk = await openTestDesk();
  const first = await addTechnician(desk);
  const { path } = await fault(desk);
  const second = await addTechnician(desk, { name: 'Wang' });
  const as = `technician/${first}`;
  const contact = { etaAt: '2026-11-21T10:00:00Z', symptomConfirmed: true };
  for (const [action, body] of [
    ['accept', {}],
    ['contact', contact],
    ['appoint', { from: '2026-11-21T10:00:00Z' }],
    ['depart', {}],
  ] as const) {
    expect((await desk.call(`POST ${path}/${action}`, body, as)).status, action).toBe(200);
  }
  const reassign = (body: object) => desk.call(`POST ${path}/reassign`, body, 'dispatcher');
  expect(await reassign({ technicianId: second })).toMatchObject({
    status: 422,
    body: { errors: [{ field: 'reason' }] },
  });
  expect((await reassign({ technicianId: first, reason: 'x' })).status).toBe(422);
  desk.clock.advance(5 * MINUTE_MS);
  expect(await reassign({ technicianId: second, reason: 'van broke down' })).toMatchObject({
    status: 200,
    body: { status: 'dispatched', technicianId: second },
  });
  expect((await desk.call('GET /work-orders', undefined, as)).body.items).toEqual([]);
  expect((await desk.call(`GET ${path}`, undefined, as)).status).toBe(403);

  const now = await card(desk, path);
  expect(now).toMatchObject({ etaAt: null, appointment: null });
  expect(now.dispatches).toMatchObject([
    {
      technicianId: first,
      acceptedAt: expect.any(String),
      withdrawnAt: expect.any(String),
      reason: 'van broke down',
    },
    { technicianId: second, withdrawnAt: null },
  ]);
  expect(t6(now.clocks)).toEqual([
    { met: true, startedAt: '2026-11-21T08:00:00.000Z' },
    { met: null, startedAt: '2026-11-21T08:05:00.000Z' },
  ]);
  const other = `technician/${second}`;
  await desk.call(`POST ${path}/accept`, {}, other);
  desk.clock.advance(15 * MINUTE_MS);
  await desk.call(`POST ${path}/contact`, contact, other);
  expect(t6((await card(desk, path)).clocks).map(({ met }) => met)).toEqual([true, true]);
});

test('D10: a decline is told, with its reason, and counts', async () => {
  await using desk = await openTestDesk();
  const technicianId = await addTechnician(desk);
  const { order, path } = await fault(desk);
  await desk.call(`POST ${path}/decline`, { reason: 'ill' }, `technician/${technicianId}`);
  expect(await desk.events('work_order.declined')).toEqual([
    { workOrderId: order.id, ticketId: order.ticketId, technicianId, reason: 'ill' },
  ]);
  await desk.settle();
  expect(await card(desk, path)).toMatchObject({ declineCount: 1, clocks: [] });
  const declined = await desk.call('GET /dispatches?answer=declined', undefined, 'manager');
  expect(declined.body.items).toMatchObject([{ technicianId, reason: 'ill' }]);
});

test('D3: where the policy blocks, an order with gaps in its data waits and names them; an emergency goes', async () => {
  await using desk = await openTestDesk();
  const technicianId = await addTechnician(desk, { skills: ['refrigeration', 'high_voltage'] });
  const policy = { incompleteData: 'block', answerWithinMinutes: 10 };
  expect((await desk.call('PUT /dispatch-policy', policy, 'dispatcher')).status).toBe(403);
  expect((await desk.call('PUT /dispatch-policy', policy, 'manager')).body).toEqual(policy);
  const unit = await addUnit(desk);
  await desk.database.pool.query('update unit set serial = null');
  await desk.publish(raised(unit));
  await desk.settle();
  const [order] = (await desk.call('GET /work-orders')).body.items;
  expect(order).toMatchObject({ status: 'planned', holdReason: 'data_incomplete' });
  expect(
    await desk.call(`POST /work-orders/${order.id}/assign`, { technicianId }, 'dispatcher'),
  ).toMatchObject({
    status: 409,
    body: {
      code: 'WORK_ORDER_DISPATCH_DATA_INCOMPLETE',
      detail: expect.stringContaining('dispatch data incomplete'),
      errors: [{ field: 'unit.serial' }],
    },
  });
  await desk.publish(raised(unit, { faultFamily: 'ground_fault' }));
  await desk.settle();
  const emergency = (await desk.call('GET /work-orders?status=dispatched')).body.items;
  expect(emergency).toHaveLength(1);
  await desk.database.pool.query(`update unit set serial = 'SN-7'`);
  await desk.sweep('dispatch.sweep');
  expect((await card(desk, `/work-orders/${order.id}`)).status).toBe('dispatched');
});

test('D13: a helper sees the order and notes work on it; its steps stay with its technician', async () => {
  await using desk = await openTestDesk();
  const technicianId = await addTechnician(desk);
  const { path } = await fault(desk);
  const helper = await addTechnician(desk, { name: 'Wang' });
  const as = `technician/${helper}`;
  const add = (who: string) => desk.call(`POST ${path}/assistants`, { technicianId: who }, 'dispatcher');
  expect(await add(helper)).toMatchObject({ status: 200, body: { assistantIds: [helper], technicianId } });
  expect((await add(helper)).status).toBe(422);
  expect((await add(technicianId)).status).toBe(422);
  expect((await desk.call('GET /work-orders', undefined, as)).body.items).toHaveLength(1);
  expect((await desk.call(`POST ${path}/log`, { text: 'held the ladder' }, as)).status).toBe(200);
  expect((await desk.call(`POST ${path}/accept`, {}, as)).status).toBe(403);
  const removed = await desk.call(`DELETE ${path}/assistants/${helper}`, undefined, 'dispatcher');
  expect(removed.body.assistantIds).toEqual([]);
  expect((await desk.call(`GET ${path}`, undefined, as)).status).toBe(403);
});
