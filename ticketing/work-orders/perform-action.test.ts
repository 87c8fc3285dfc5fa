import { expect, test } from 'vitest';
import { addTechnician, addUnit, openTestDesk, raised, type TestDesk } from '#test/support/test-desk.ts';

/** A dispatched order of a fresh fault, and whoever it went to. */
async function dispatched(desk: TestDesk) {
  const technicianId = await addTechnician(desk);
  const unit = await addUnit(desk);
  await desk.publish(raised(unit));
  await desk.settle();
  const [order] = (await desk.call('GET /work-orders')).body.items;
  return { unit, technicianId, as: `technician/${technicianId}`, path: `/work-orders/${order.id}`, order };
}

const SIGNATURE = { name: 'Li', role: 'manager', strokes: 'M1 2L3 4' };

test('a repair goes from accepted to archived step by step, and its ticket follows', async () => {
  await using desk = await openTestDesk();
  const { as, path, order } = await dispatched(desk);
  const status = async () => (await desk.call(`GET /tickets/${order.ticketId}`)).body.status;
  const step = async (action: string, body: object, by = as) => {
    const answer = await desk.call(`POST ${path}/${action}`, body, by);
    expect(answer, action).toMatchObject({ status: 200 });
    return answer.body.status;
  };
  expect(await step('accept', {})).toBe('accepted');
  expect(await step('contact', { etaAt: '2026-11-21T10:00:00Z', symptomConfirmed: true })).toBe('contacted');
  expect(await step('appoint', { from: '2026-11-21T10:00:00Z', confirmedBy: 'Li' })).toBe('appointed');
  expect(await step('depart', {})).toBe('en_route');
  expect(await step('arrive', {})).toBe('on_site');
  expect(await step('diagnose', { confirmedCause: 'fouled condenser' })).toBe('diagnosed');
  expect(await step('wait-parts', { reason: 'fan' })).toBe('waiting_parts');
  expect(await step('parts-arrived', {})).toBe('diagnosed');
  expect(
    await step('request-consent', { reason: 'new fan', amount: { amount: '120.00', currency: 'CNY' } }),
  ).toBe('waiting_consent');
  expect(await step('consent', { agreed: true, by: 'Li' })).toBe('diagnosed');
  expect(await step('start-repair', {})).toBe('repairing');
  expect(await step('test', { passed: false, text: 'still hot' })).toBe('repairing');
  expect(await status()).toBe('in_progress');
  expect(await step('test', { passed: true })).toBe('tested');
  expect(await status()).toBe('resolved');
  expect(await step('sign', SIGNATURE)).toBe('signed');
  expect(await status()).toBe('verifying');
  expect(await step('submit', {})).toBe('submitted');
  expect(await step('review', {}, 'agent')).toBe('reviewed');
  expect(await step('archive', {}, 'agent')).toBe('archived');

  const card = (await desk.call(`GET ${path}`, undefined, as)).body;
  expect(card).toMatchObject({
    customer: { name: 'Harbour Hotel' },
    contact: { name: 'Ms Li', phone: '+86 138 0000 0001' },
    site: { address: '1 Harbour Road' },
    unit: { model: 'split-generic' },
    fault: { family: 'high_pressure', code: 'E1' },
    missing: [],
    verification: 'pending',
    signature: { name: 'Li', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    dispatches: [{ score: expect.any(Number), acceptedAt: expect.any(String) }],
  });
  expect(card.evidence).toHaveLength(1);
  expect(card.log.at(0)).toMatchObject({ action: 'assign', by: 'system:dispatch' });
  expect(card.dispatches[0].scoreParts.map(({ criterion }: { criterion: string }) => criterion)).toEqual([
    'skill',
    'load',
    'location',
    'shift',
    'centre',
    'continuity',
  ]);
});

test('D5, D6, E5, E11, H1: a step without its data is refused and names what is missing', async () => {
  await using desk = await openTestDesk();
  const { as, path } = await dispatched(desk);
  const post = (action: string, body: object) => desk.call(`POST ${path}/${action}`, body, as);
  const field = (answer: { body: { errors: { field: string }[] } }) => answer.body.errors[0]?.field;

  expect(await post('depart', {})).toMatchObject({
    status: 409,
    body: { code: 'WORK_ORDER_ILLEGAL_TRANSITION', allowed: expect.arrayContaining(['accept', 'decline']) },
  });
  await post('accept', {});
  const noEta = await post('contact', { symptomConfirmed: true });
  expect([noEta.status, field(noEta)]).toEqual([422, 'etaAt']);
  const unconfirmed = await post('contact', { etaAt: '2026-11-21T10:00:00Z' });
  expect([unconfirmed.status, field(unconfirmed)]).toEqual([422, 'symptomConfirmed']);
  await post('contact', { etaAt: '2026-11-21T10:00:00Z', symptomConfirmed: true });
  expect((await post('depart', {})).status).toBe(409);
  await post('appoint', { from: 1_800_000_000_000 });
  await post('depart', {});
  await post('arrive', {});
  const undiagnosed = await post('start-repair', {});
  expect([undiagnosed.status, field(undiagnosed)]).toEqual([409, 'confirmedCause']);
  await post('diagnose', { confirmedCause: 'leak' });
  await post('request-consent', { reason: 'costly' });
  await post('consent', { agreed: false, by: 'Li' });
  const refused = await post('start-repair', {});
  expect([refused.status, field(refused)]).toEqual([409, 'consent']);
  await post('request-consent', { reason: 'cheaper' });
  await post('consent', { agreed: true, by: 'Li' });
  await post('start-repair', {});
  expect((await post('sign', SIGNATURE)).status).toBe(409);
  expect((await post('test', {})).status).toBe(422);
  await post('test', { passed: true });
  const unsigned = await post('sign', { name: 'Li' });
  expect([unsigned.status, field(unsigned)]).toEqual([422, 'strokes']);
  for (const strokes of ['', '[[1,2],[3,4]]', 'M0 0', 'hello', 'data:image/png;base64,']) {
    const nonsense = await post('sign', { name: 'Li', strokes });
    expect([strokes, nonsense.status, field(nonsense)]).toEqual([strokes, 422, 'strokes']);
  }
  expect((await post('sign', { refusedReason: 'in a hurry' })).body.status).toBe('signed');
});

test('a technician sees and moves only their own orders', async () => {
  await using desk = await openTestDesk();
  const { as, path } = await dispatched(desk);
  const other = `technician/${await addTechnician(desk, { name: 'Wang' })}`;
  expect((await desk.call('GET /work-orders', undefined, as)).body.items).toHaveLength(1);
  expect((await desk.call('GET /work-orders', undefined, other)).body.items).toEqual([]);
  expect((await desk.call('GET /work-orders', undefined, 'technician')).body.items).toEqual([]);
  expect((await desk.call(`GET ${path}`, undefined, other)).status).toBe(403);
  expect((await desk.call(`POST ${path}/accept`, {}, other)).status).toBe(403);
  expect((await desk.call(`POST ${path}/log`, { text: 'x' }, other)).status).toBe(403);
  expect((await desk.call(`POST ${path}/cancel`, { reason: 'no' }, as)).status).toBe(403);
});

test('D10: declining needs a reason, and the order goes to somebody else', async () => {
  await using desk = await openTestDesk();
  const { as, path, technicianId } = await dispatched(desk);
  expect((await desk.call(`POST ${path}/decline`, {}, as)).status).toBe(422);
  await desk.call(`POST ${path}/decline`, { reason: 'ill' }, as);
  await desk.settle();
  const alone = (await desk.call(`GET ${path}`)).body;
  expect(alone).toMatchObject({ status: 'planned', holdReason: 'all_declined', declineCount: 1 });

  const second = await addTechnician(desk, { name: 'Wang', zone: 'west' });
  await desk.sweep('dispatch.sweep');
  const again = (await desk.call(`GET ${path}`)).body;
  expect(again).toMatchObject({ status: 'dispatched', technicianId: second, holdReason: null });
  expect(again.dispatches).toMatchObject([
    { technicianId, declinedAt: expect.any(String), reason: 'ill' },
    { technicianId: second },
  ]);
});

test('H4: nobody reviews what they submitted', async () => {
  await using desk = await openTestDesk();
  const { path } = await dispatched(desk);
  const as = 'manager';
  for (const [action, body] of [
    ['accept', {}],
    ['contact', { etaAt: 1, symptomConfirmed: true }],
    ['appoint', { from: 1 }],
    ['depart', {}],
    ['arrive', {}],
    ['diagnose', { confirmedCause: 'leak' }],
    ['start-repair', {}],
    ['test', { passed: true }],
    ['sign', SIGNATURE],
    ['submit', {}],
  ] as const) {
    expect((await desk.call(`POST ${path}/${action}`, body, as)).status, action).toBe(200);
  }
  expect(await desk.call(`POST ${path}/review`, {}, as)).toMatchObject({
    status: 409,
    body: { code: 'WORK_ORDER_SELF_REVIEW' },
  });
  expect((await desk.call(`POST ${path}/review`, {}, 'agent')).body.status).toBe('reviewed');
});

test('a step reported late keeps the time it happened; one in the future or before the last is refused', async () => {
  await using desk = await openTestDesk();
  const { as, path } = await dispatched(desk);
  const start = desk.clock.nowMs();
  desk.clock.advance(3_600_000);
  const early = await desk.call(`POST ${path}/accept`, { occurredAt: start - 1 }, as);
  expect([early.status, early.body.errors[0].field]).toEqual([422, 'occurredAt']);
  const ahead = await desk.call(`POST ${path}/accept`, { occurredAt: start + 7_200_000 }, as);
  expect(ahead.status).toBe(422);
  expect((await desk.call(`POST ${path}/accept`, { occurredAt: start + 60_000 }, as)).status).toBe(200);
  const card = (await desk.call(`GET ${path}`)).body;
  expect(Date.parse(card.steps.accepted)).toBe(start + 60_000);
  expect(card.log.at(-1)).toMatchObject({ occurredAt: new Date(start + 60_000).toISOString() });
});

test('E9: the log takes text and parts with author and time, and is only ever added to', async () => {
  await using desk = await openTestDesk();
  const { as, path } = await dispatched(desk);
  const parts = [{ model: 'FAN-12', quantity: 1 }];
  expect((await desk.call(`POST ${path}/log`, { text: 'fan replaced', parts }, as)).status).toBe(200);
  expect((await desk.call(`POST ${path}/log`, {}, as)).status).toBe(422);
  const { log } = (await desk.call(`GET ${path}`)).body;
  expect(log.at(-1)).toMatchObject({ text: 'fan replaced', parts, by: `user-${as}` });
  await expect(desk.database.pool.query('delete from work_order_log')).rejects.toThrow('append only');
});

test('a dispatcher assigns by hand and cancels; an unknown technician is refused', async () => {
  await using desk = await openTestDesk();
  const { path, order } = await dispatched(desk);
  const second = await addTechnician(desk, { name: 'Wang' });
  const unknown = await desk.call(`POST ${path}/assign`, { technicianId: order.id }, 'dispatcher');
  expect(unknown.status).toBe(422);
  expect((await desk.call(`POST ${path}/assign`, { technicianId: second }, 'dispatcher')).body).toMatchObject(
    {
      status: 'dispatched',
      technicianId: second,
    },
  );
  expect((await desk.call(`POST ${path}/cancel`, { reason: 'duplicate' }, 'dispatcher')).body.status).toBe(
    'cancelled',
  );
  const ticket = (await desk.call(`GET /tickets/${order.ticketId}`)).body;
  expect(ticket.status).toBe('assessed');
  expect(ticket.timeline).toContainEqual(
    expect.objectContaining({ action: 'release', reason: 'work_cancelled' }),
  );
  const opened = await desk.call('POST /work-orders', { ticketId: order.ticketId }, 'dispatcher');
  expect(opened).toMatchObject({ status: 201, body: { status: 'planned', ticketId: order.ticketId } });
});

test('a ticket with other work to be done stays in progress when one of its orders is cancelled', async () => {
  await using desk = await openTestDesk();
  const { path, order } = await dispatched(desk);
  await desk.call('POST /work-orders', { ticketId: order.ticketId }, 'dispatcher');
  await desk.call(`POST ${path}/cancel`, { reason: 'twice' }, 'dispatcher');
  expect((await desk.call(`GET /tickets/${order.ticketId}`)).body.status).toBe('in_progress');
});

test('T6: sending whoever has the order already is refused, and their clock runs on', async () => {
  await using desk = await openTestDesk();
  const { path, technicianId } = await dispatched(desk);
  const before = (await desk.call(`GET ${path}`)).body.clocks;
  desk.clock.advance(60_000);
  const reason = { reason: 'x' };
  for (const [action, more] of [
    ['assign', {}],
    ['reassign', reason],
  ] as const) {
    expect(await desk.call(`POST ${path}/${action}`, { technicianId, ...more }, 'dispatcher')).toMatchObject({
      status: 422,
      body: { code: 'WORK_ORDER_TECHNICIAN_SAME', errors: [{ field: 'technicianId' }] },
    });
  }
  expect((await desk.call(`GET ${path}`)).body.clocks).toEqual(before);
});

test('O3: whose certificate is not valid any more neither accepts nor sets out nor arrives', async () => {
  await using desk = await openTestDesk();
  const { as, path } = await dispatched(desk);
  const lapse = (until: string | null) =>
    desk.database.pool.query('update certificate set valid_until = $1', [until]);
  const refused = { status: 409, body: { code: 'WORK_ORDER_TECHNICIAN_UNCERTIFIED' } };
  for (const [action, body, isRefused] of [
    ['accept', {}, true],
    ['contact', { etaAt: 1, symptomConfirmed: true }, false],
    ['appoint', { from: 1 }, false],
    ['depart', {}, true],
    ['arrive', {}, true],
  ] as const) {
    await lapse('2026-01-01T00:00:00Z');
    if (isRefused) expect(await desk.call(`POST ${path}/${action}`, body, as)).toMatchObject(refused);
    await lapse(null);
    expect(await desk.call(`POST ${path}/${action}`, body, as)).toMatchObject({ status: 200 });
  }
});
