import { expect, test } from 'vitest';
import { type ApiClient, signIn } from '#test/support/api-client.ts';
import { openEventStream } from '#test/support/event-stream.ts';
import { eventually } from '#test/support/eventually.ts';
import { MIXES } from '#test/support/mixes.ts';
import { openTestApp, type TestApp, type TestDevice } from '#test/support/test-app.ts';
import { createWarpClock } from '#test/support/warp-clock.ts';

/** Half an hour passes in nine seconds. */
const FAST = 200;
const TIMER_SPEED = 30;
const PASSWORD = 'correct horse 7';

/** A customer with a site, and three people who sign in as themselves. */
async function openDesk(app: TestApp) {
  const { api, httpUrl } = app;
  const customer = await api.post('/customers', { kind: 'corporate', name: 'Harbour Hotel' });
  await api.post(`/customers/${customer.id}/contacts`, { name: 'Ms Li', phone: '+86 138 0000 0001' });
  const site = await api.post('/sites', {
    customerId: customer.id,
    name: 'Tower',
    address: '1 Harbour Road',
    zone: 'east',
  });
  const person = async (username: string, role: string) => {
    const user = await api.post('/users', {
      username,
      displayName: username,
      roles: [role],
      password: PASSWORD,
    });
    return { user, api: await signIn(httpUrl, username, PASSWORD) };
  };
  const chen = await person('chen', 'technician');
  const technician = await api.post('/technicians', {
    name: 'Chen',
    phone: '13900000000',
    zone: 'east',
    skills: ['refrigeration'],
    userId: chen.user.id,
  });
  const agent = await person('wu', 'agent');
  return { site, technician, chen: await signIn(httpUrl, 'chen', PASSWORD), agent: agent.api };
}

/** Publishes a running unit's telemetry without a pause until disposed. */
function startRunning(device: TestDevice) {
  let isOver = false;
  const run = async () => {
    while (!isOver) {
      await device.publish('telemetry', {
        compressor_hz: 48,
        return_temp: 26.5,
        supply_temp: 14,
        power: 900,
      });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const running = run();
  return {
    [Symbol.asyncDispose]: async () => {
      isOver = true;
      await running;
    },
  };
}

/** The one ticket of the device, once there is one. */
async function theTicket({ api }: TestApp, deviceId: string) {
  return eventually(async () => {
    const { items } = await api.get(`/tickets?deviceId=${deviceId}`);
    expect(items).toHaveLength(1);
    return items[0];
  });
}

async function dispatchedOrder(chen: ApiClient, deviceId: string) {
  return eventually(async () => {
    const { items } = await chen.get(`/work-orders?deviceId=${deviceId}&status=dispatched`);
    expect(items).toHaveLength(1);
    return items[0];
  });
}

const VISIT = [
  ['accept', {}],
  ['contact', { etaAt: Date.UTC(2030, 0, 1), symptomConfirmed: true }],
  ['appoint', { from: Date.UTC(2030, 0, 1), until: Date.UTC(2030, 0, 2), confirmedBy: 'Ms Li' }],
  ['depart', {}],
  ['arrive', {}],
  ['diagnose', { confirmedCause: 'condenser fouled' }],
  ['start-repair', {}],
  ['log', { text: 'coil washed', parts: [{ model: 'filter-20x25', quantity: 1 }] }],
] as const;
const HANDOVER = [
  ['test', { passed: true, text: 'runs at 48 Hz' }],
  ['sign', { name: 'Ms Li', role: 'manager', strokes: 'M0 0L9 9' }],
  ['submit', {}],
] as const;

async function perform(
  chen: ApiClient,
  orderId: string,
  steps: readonly (readonly [string, object])[],
): Promise<void> {
  for (const [action, body] of steps) await chen.post(`/work-orders/${orderId}/${action}`, body);
}

test.each(MIXES)(
  'A3, D1, E5, E11, H4, T6: from a fault on the wire to a repair that telemetry proves, over real sockets: $name',
  {
    timeout: 180_000,
  },
  async ({ open }) => {
    const clock = createWarpClock(TIMER_SPEED);
    await using servers = await open();
    await using app = await openTestApp({ clock, env: servers.env });
    const { api, httpUrl } = app;
    const { site, technician, chen, agent } = await openDesk(app);
    await using events = await openEventStream(httpUrl, agent);
    const device = await app.openDevice({ id: 'ac-1', siteId: site.id, serial: 'SN-1' });

    await device.publish('telemetry', {
      ts: clock.nowMs(),
      values: { supply_temp: 13.2, compressor_hz: 64 },
    });
    await eventually(async () => {
      const { series } = await api.get('/telemetry?deviceId=ac-1&metrics=supply_temp');
      expect(series).toEqual([
        { metric: 'supply_temp', component: '', unit: 'Cel', points: [[expect.any(Number), 13.2]] },
      ]);
    });

    for (let times = 0; times < 3; times += 1) {
      await device.publish('fault', { code: 'E1', state: 'raised' });
    }
    const ticket = await theTicket(app, 'ac-1');
    await eventually(async () => expect((await api.get('/alarms?deviceId=ac-1')).items).toHaveLength(1));
    const call = await agent.post('/service-requests', {
      channel: 'phone',
      deviceId: 'ac-1',
      symptom: 'blows warm air',
      contact: { name: 'Ms Li', phone: '+86 138 0000 0001' },
    });
    expect(call.ticketId).toBe(ticket.id);
    expect((await api.get(`/tickets/${ticket.id}`)).reportCount).toBe(2);
    expect((await api.get('/work-orders?deviceId=ac-1')).items).toHaveLength(1);
    await eventually(async () => {
      const opened = events.heard.filter(({ event }) => event === 'ticket.opened');
      expect(opened.map(({ data }) => data.ticketId)).toEqual([ticket.id]);
    });

    const order = await dispatchedOrder(chen, 'ac-1');
    expect(order).toMatchObject({ technicianId: technician.id, ticketId: ticket.id, kind: 'repair' });
    const card = await chen.get(`/work-orders/${order.id}`);
    expect(card).toMatchObject({
      customer: { name: 'Harbour Hotel' },
      site: { zone: 'east' },
      unit: { serial: 'SN-1' },
      fault: { family: 'high_pressure', code: 'E1' },
      dispatches: [{ technicianId: technician.id, score: expect.any(Number) }],
    });
    expect(card.dispatches[0].scoreParts.map((part: { criterion: string }) => part.criterion)).toEqual(
      expect.arrayContaining(['skill', 'load']),
    );

    const early = await chen.call('POST', `/work-orders/${order.id}/sign`, {
      name: 'x',
      strokes: 'M0 0L9 9',
    });
    expect(early).toMatchObject({ status: 409, body: { code: expect.any(String) } });
    await perform(chen, order.id, VISIT);
    await device.publish('fault', { code: 'E1', state: 'cleared' });
    await perform(chen, order.id, HANDOVER);
    expect(await chen.call('POST', `/work-orders/${order.id}/review`, {})).toMatchObject({ status: 403 });
    await perform(agent, order.id, [
      ['review', {}],
      ['archive', {}],
    ]);
    expect(await api.get(`/work-orders/${order.id}`)).toMatchObject({
      status: 'archived',
      verification: 'pending',
    });
    expect((await api.get(`/tickets/${ticket.id}`)).status).toBe('verifying');

    {
      await using _running = startRunning(device);
      clock.runAt(FAST);
      await eventually(async () => {
        expect((await api.get(`/work-orders/${order.id}`)).verification).toBe('verified');
      }, 60_000);
      clock.runAt(1);
    }
    const closed = await api.get(`/tickets/${ticket.id}`);
    expect(closed).toMatchObject({ status: 'closed', resolution: 'onsite', workOrderIds: [order.id] });
    expect(await api.get(`/work-orders/${order.id}`)).toMatchObject({
      verificationEvidence: {
        state: 'verified',
        evidence: { reason: 'stayed_away_under_load', loadedMs: expect.any(Number) },
      },
    });
    const met = closed.clocks.map((each: { kind: string; met: boolean | null }) => [each.kind, each.met]);
    expect(Object.fromEntries(met)).toEqual({ T2: true, T5: true, T6: true, T9: null });

    const { items: trail } = await api.get(`/audit?entity=work_order&entityId=${order.id}&limit=100`);
    const actions = trail.map((each: { action: string }) => each.action.split('.')[1]).reverse();
    expect(actions).toEqual(
      expect.arrayContaining([...[...VISIT, ...HANDOVER].map(([action]) => action), 'review', 'archive']),
    );
    await eventually(async () => {
      expect(await api.get('/audit/verify')).toMatchObject({ ok: true, rows: expect.any(Number) });
    });
    expect(await api.get('/ledger')).toMatchObject({ imbalance: 0 });
  },
);

test('E11, T6: a fault that is back inside the window fails the repair, and its ticket goes on with a new order', {
  timeout: 120_000,
}, async () => {
  const clock = createWarpClock(TIMER_SPEED);
  await using app = await openTestApp({ clock });
  const { api } = app;
  const { site, technician, chen } = await openDesk(app);
  const device = await app.openDevice({ id: 'ac-2', siteId: site.id });
  await device.publish('fault', { code: 'E1', state: 'raised' });
  const ticket = await theTicket(app, 'ac-2');
  const first = await dispatchedOrder(chen, 'ac-2');
  await perform(chen, first.id, VISIT);
  await device.publish('fault', { code: 'E1', state: 'cleared' });
  await perform(chen, first.id, HANDOVER);
  await eventually(async () => {
    expect((await api.get('/alarms?deviceId=ac-2')).items).toMatchObject([{ state: 'returned' }]);
  });

  await device.publish('fault', { code: 'E1', state: 'raised' });
  const second = await dispatchedOrder(chen, 'ac-2');
  expect(second.id).not.toBe(first.id);
  expect(second).toMatchObject({ ticketId: ticket.id, technicianId: technician.id });
  expect(await api.get(`/work-orders/${first.id}`)).toMatchObject({
    verification: 'recurred',
    verificationEvidence: { evidence: { reason: 'fault_recurred' } },
  });
  expect(await theTicket(app, 'ac-2')).toMatchObject({
    id: ticket.id,
    status: 'in_progress',
    workOrderIds: expect.arrayContaining([first.id, second.id]),
  });

  clock.runAt(FAST);
  const missed = await eventually(async () => {
    const { clocks } = await api.get(`/work-orders/${second.id}`);
    expect(clocks).toMatchObject([{ kind: 'T6', met: false }]);
    return clocks[0];
  });
  expect(missed.breachedAt).toBe(missed.dueAt);
});
