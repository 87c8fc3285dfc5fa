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
const READER = { component: 'connector-1', faultFamily: 'reader_fault', faultCode: 'ReaderFailure' };
const GROUND = { component: 'connector-2', faultFamily: 'ground_fault', faultCode: 'GroundFailure' };
const LATCH = { component: 'connector-2', faultFamily: 'broken_latch', faultCode: 'LatchBroken' };

/** A pile on which several faults may stand at once, and their tickets by family. */
async function openPile(desk: TestDesk) {
  const unit = await addUnit(desk, { kind: 'charging_pile' });
  const ticket = async (family = READER.faultFamily) => {
    const { items } = (await desk.call(`GET /tickets?deviceId=${unit.deviceId}`)).body;
    const { id } = items.find(({ faultFamily }: { faultFamily: string }) => faultFamily === family);
    return (await desk.call(`GET /tickets/${id}`)).body;
  };
  return {
    ticket,
    raise: async (...faults: Parameters<typeof raised>[1][]) => {
      const alarms = faults.map((fault) => raised(unit, { ...fault, raisedAtMs: desk.clock.nowMs() }));
      await desk.publish(...alarms);
      await desk.settle();
      return alarms;
    },
    byHand: async () => desk.call(`POST /tickets/${(await ticket()).id}/remote-repair`, {}),
    orders: async (family?: string) =>
      (await desk.call(`GET /work-orders?ticketId=${(await ticket(family)).id}`)).body.items,
    sweep: async (spanMs = 0) => {
      desk.clock.advance(spanMs);
      await desk.sweep('repair.remote');
    },
  };
}

const skipped = (reason: string) =>
  expect.arrayContaining([expect.objectContaining({ action: 'remote_skipped', reason })]);

test.each([
  ['ground_fault', GROUND],
  ['broken_latch', LATCH],
])('A11: a pile with a %s gets no command for any of its faults', async (_, danger) => {
  await using desk = await openTestDesk();
  const pile = await openPile(desk);
  await pile.raise(danger);
  await pile.raise(READER);
  await pile.sweep(MINUTE_MS);
  expect(await pile.ticket()).toMatchObject({ remoteRuns: [], timeline: skipped('safety') });
  expect(await pile.orders()).toHaveLength(1);
  expect(await pile.byHand()).toMatchObject({ status: 409, body: { code: 'REPAIR_SAFETY' } });
  expect(desk.commands).toEqual([]);
});

test('A11: danger that shows during a run ends it before its next command, and somebody goes', async () => {
  await using desk = await openTestDesk();
  const pile = await openPile(desk);
  await pile.raise(READER);
  await pile.sweep();
  expect(desk.commands).toHaveLength(1);
  await pile.raise(GROUND);
  await pile.sweep();
  expect(await pile.ticket()).toMatchObject({
    status: 'in_progress',
    remoteRuns: [{ status: 'aborted', reason: 'safety' }],
  });
  expect(await pile.orders()).toHaveLength(1);
  await pile.sweep(2 * 60 * MINUTE_MS);
  expect(desk.commands).toHaveLength(1);
});

test.each([
  [[GROUND, READER], []],
  [[READER, GROUND], [{ status: 'aborted', reason: 'safety' }]],
])(
  'A11: danger told together with another fault, in whichever order, lets no command out',
  async (faults, runs) => {
    await using desk = await openTestDesk();
    const pile = await openPile(desk);
    await pile.raise(...faults);
    await pile.sweep();
    expect((await pile.ticket()).remoteRuns).toMatchObject(runs);
    expect(await pile.orders()).toHaveLength(1);
    expect(desk.commands).toEqual([]);
  },
);

test('a run of another pile goes on', async () => {
  await using desk = await openTestDesk();
  const pile = await openPile(desk);
  await (await openPile(desk)).raise(GROUND);
  await pile.raise(READER);
  await pile.sweep();
  expect(desk.commands).toHaveLength(1);
});

test('danger is over once its ticket is done and its alarm has returned, whatever became of the ticket before', async () => {
  await using desk = await openTestDesk();
  const pile = await openPile(desk);
  const [ground] = await pile.raise(GROUND);
  await pile.raise(READER);
  const { id } = await pile.ticket('ground_fault');
  expect((await desk.call(`POST /tickets/${id}/cancel`, { reason: 'false alarm' })).status).toBe(200);
  expect(await pile.byHand()).toMatchObject({ status: 409, body: { code: 'REPAIR_SAFETY' } });
  if (ground !== undefined) await desk.publish(returned(ground, desk.clock.nowMs()));
  await desk.settle();
  expect((await pile.byHand()).status).toBe(200);
});

test('a fault that a person finds dangerous ends the run on its unit', async () => {
  await using desk = await openTestDesk();
  const pile = await openPile(desk);
  await pile.raise({ ...READER, component: 'connector-2', faultFamily: 'unspecified', faultCode: null });
  await pile.raise(READER);
  const { id } = await pile.ticket('unspecified');
  await pile.sweep();
  expect(desk.commands).toHaveLength(1);
  const assessed = await desk.call(`POST /tickets/${id}/assess`, {
    category: 'general_troubleshooting',
    impact: 'high',
    urgency: 'high',
    coverage: 'in_warranty',
    faultFamily: 'cut_cable',
  });
  expect(assessed.status).toBe(200);
  await pile.sweep();
  expect((await pile.ticket()).remoteRuns).toMatchObject([{ status: 'aborted', reason: 'safety' }]);
});

/** Somebody on the way to a pile for a fault that no playbook takes. */
async function visited(desk: TestDesk, pile: Awaited<ReturnType<typeof openPile>>) {
  const technicianId = await addTechnician(desk, {
    skills: ['charging', 'general', 'controls', 'high_voltage'],
  });
  await pile.raise({ component: 'connector-2', faultFamily: 'code:77', faultCode: '77' });
  const [order] = await pile.orders('code:77');
  const step = async (action: string, body: object = {}) => {
    const path = `POST /work-orders/${order.id}/${action}`;
    expect(await desk.call(path, body, `technician/${technicianId}`), action).toMatchObject({ status: 200 });
  };
  await step('accept');
  await step('contact', { etaAt: '2026-11-21T10:00:00Z', symptomConfirmed: true });
  await step('appoint', { from: '2026-11-21T10:00:00Z', confirmedBy: 'Li' });
  return step;
}

test('no run starts while somebody is at the unit or on the way, by machine or by hand', async () => {
  await using desk = await openTestDesk();
  const pile = await openPile(desk);
  const step = await visited(desk, pile);
  await step('depart');
  await pile.raise(READER);
  expect(await pile.ticket()).toMatchObject({ remoteRuns: [], timeline: skipped('technician_on_site') });
  expect(await pile.orders()).toHaveLength(1);
  const refused = { status: 409, body: { code: 'REPAIR_TECHNICIAN_ON_SITE' } };
  await step('arrive');
  expect(await pile.byHand()).toMatchObject(refused);
  await step('diagnose', { confirmedCause: 'loose plug' });
  await step('start-repair');
  await step('test', { passed: true });
  expect(await pile.byHand()).toMatchObject(refused);
  await step('sign', { name: 'Li', role: 'manager', strokes: 'M1 2L3 4' });
  expect(await pile.byHand()).not.toMatchObject(refused);
  expect(desk.commands).toEqual([]);
});

test('somebody who sets out during a run ends it before its next command', async () => {
  await using desk = await openTestDesk();
  const pile = await openPile(desk);
  const step = await visited(desk, pile);
  await pile.raise(READER);
  await pile.sweep();
  expect(desk.commands).toHaveLength(1);
  await step('depart');
  await pile.sweep();
  expect(desk.withdrawn).toEqual([desk.commands[0]?.id]);
  await pile.sweep(30 * MINUTE_MS);
  expect((await pile.ticket()).remoteRuns).toMatchObject([
    { status: 'aborted', reason: 'technician_on_site' },
  ]);
  expect(await pile.orders()).toHaveLength(1);
  expect(desk.commands).toHaveLength(1);
});
