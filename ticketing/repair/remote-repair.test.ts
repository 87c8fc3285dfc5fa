import { expect, test } from 'vitest';
import type { CommandStatus } from '#contracts/commands.ts';
import {
  addTechnician,
  addUnit,
  openTestDesk,
  raised,
  returned,
  type TestDesk,
} from '#test/support/test-desk.ts';

const MINUTE_MS = 60_000;
const LOCK = { component: 'connector-1', faultFamily: 'connector_lock', faultCode: 'ConnectorLockFailure' };
const READER = { component: '', faultFamily: 'reader_fault', faultCode: 'ReaderFailure' };

/** A fault raised on a pile's connector, with what a test asks about it. */
async function faultOn(desk: TestDesk, fault: Parameters<typeof raised>[1] = LOCK) {
  const unit = await addUnit(desk, { kind: 'charging_pile' });
  const raise = async (change: Parameters<typeof raised>[1] = fault) => {
    const alarm = raised(unit, { ...change, raisedAtMs: desk.clock.nowMs() });
    await desk.publish(alarm);
    await desk.settle();
    return alarm;
  };
  const alarm = await raise();
  const [{ id }] = (await desk.call(`GET /tickets?deviceId=${unit.deviceId}`)).body.items;
  return {
    unit,
    alarm,
    id,
    raise,
    ticket: async () => (await desk.call(`GET /tickets/${id}`)).body,
    orders: async () => (await desk.call(`GET /work-orders?ticketId=${id}`)).body.items,
    clear: async () => {
      await desk.publish(returned(alarm, desk.clock.nowMs()));
      await desk.settle();
    },
  };
}

/** The command ledger tells what became of the latest command. */
async function told(desk: TestDesk, status: CommandStatus, detail: string | null = null) {
  const command = desk.commands.at(-1);
  if (command === undefined) throw new Error('no command was sent');
  const { id: commandId, deviceId, ticketId, name } = command;
  const data = { commandId, deviceId, unitId: null, ticketId, name, status, detail };
  await desk.publish({ type: 'command.changed', data });
  await desk.settle();
}

async function sweepAfter(desk: TestDesk, spanMs = 0) {
  desk.clock.advance(spanMs);
  await desk.sweep('repair.remote');
}

const names = (desk: TestDesk) => desk.commands.map(({ name }) => name);
const actions = (ticket: { timeline: { action: string; reason: string }[] }) =>
  ticket.timeline.map(({ action, reason }) => (reason === null ? action : `${action}: ${reason}`));

test('A11: a fault that the first command cures closes as remote, and nobody drives', async () => {
  await using desk = await openTestDesk();
  await addTechnician(desk, { skills: ['charging'] });
  const fault = await faultOn(desk);
  expect(await fault.ticket()).toMatchObject({ status: 'in_progress', workOrderIds: [] });
  await sweepAfter(desk);
  expect(desk.commands).toMatchObject([
    {
      deviceId: fault.unit.deviceId,
      component: 'connector-1',
      name: 'unlock_connector',
      args: { connectorId: 1 },
      ticketId: fault.id,
      requestedBy: 'system:repair',
    },
  ]);
  await told(desk, 'done');
  desk.clock.advance(5_000);
  await fault.clear();
  await sweepAfter(desk);
  const cured = await fault.ticket();
  expect(cured).toMatchObject({
    status: 'verifying',
    resolution: 'remote',
    remoteRuns: [{ playbook: 'pile-unlock', status: 'cured', verification: 'pending' }],
    remoteAttempts: [{ command: 'unlock_connector', status: 'done', outcome: 'cured' }],
  });
  const met = new Map(cured.clocks.map(({ kind, met }: { kind: string; met: boolean }) => [kind, met]));
  expect(Object.fromEntries(met)).toEqual({ T5: true, T7: true, T9: null });
  const close = await desk.call(`POST /tickets/${fault.id}/close`);
  expect(close).toMatchObject({ status: 409, body: { code: 'TICKET_VERIFICATION_PENDING' } });
  desk.clock.advance(10 * MINUTE_MS);
  await desk.sweep('repair.verify');
  expect(await fault.ticket()).toMatchObject({
    status: 'closed',
    resolution: 'remote',
    workOrderIds: [],
    remoteRuns: [{ verification: 'verified' }],
  });
  expect(actions(await fault.ticket())).toEqual([
    'open',
    'assess',
    'start',
    'remote_start: pile-unlock',
    'remote_cured',
    'resolve',
    'verify',
    'close',
  ]);
});

test('a ground failure never gets a command: its order opens at once, and the ticket says why', async () => {
  await using desk = await openTestDesk();
  const fault = await faultOn(desk, { ...LOCK, faultFamily: 'ground_fault', faultCode: 'GroundFailure' });
  await sweepAfter(desk, MINUTE_MS);
  expect(desk.commands).toEqual([]);
  expect(await fault.orders()).toHaveLength(1);
  expect(actions(await fault.ticket())).toContain('remote_skipped: safety');
  const byHand = await desk.call(`POST /tickets/${fault.id}/remote-repair`, { playbook: 'pile-reset' });
  expect(byHand).toMatchObject({ status: 409, body: { code: 'REPAIR_SAFETY' } });
});

test('a unit out of service gets no command, and a person who calls about a fault under repair joins its ticket', async () => {
  await using desk = await openTestDesk();
  const fault = await faultOn(desk, READER);
  const { deviceId } = fault.unit;
  const contact = { name: 'Li', phone: '13800000001' };
  const call = { channel: 'phone', deviceId, symptom: 'reader is dead', contact };
  expect((await desk.call('POST /service-requests', call)).body.ticketId).toBe(fault.id);
  expect(await fault.ticket()).toMatchObject({ workOrderIds: [], remoteRuns: [{ status: 'running' }] });
  const suspended = await addUnit(desk, { kind: 'charging_pile' });
  await desk.database.pool.query(`update unit set status = 'suspended' where id = $1`, [suspended.unitId]);
  await desk.publish(raised(suspended, READER));
  await desk.settle();
  const [{ id }] = (await desk.call(`GET /tickets?deviceId=${suspended.deviceId}`)).body.items;
  const ticket = (await desk.call(`GET /tickets/${id}`)).body;
  expect(actions(ticket)).toContain('remote_skipped: unit_suspended');
  expect(ticket.workOrderIds).toHaveLength(1);
});

test('a command that is refused on our side counts as tried; one that cannot be recorded now is tried again', async () => {
  await using desk = await openTestDesk();
  const fault = await faultOn(desk);
  desk.refusal.kind = 'unavailable';
  await expect(desk.sweep('repair.remote')).rejects.toThrow('no command now');
  expect((await fault.ticket()).remoteAttempts).toEqual([]);
  desk.refusal.kind = 'not_found';
  await sweepAfter(desk, 10_000);
  await sweepAfter(desk);
  await sweepAfter(desk);
  const failed = { status: 'rejected', detail: 'TEST_REFUSED', outcome: 'command_failed' };
  expect((await fault.ticket()).remoteAttempts).toMatchObject([failed, failed]);
  expect(await fault.orders()).toHaveLength(1);
});

test('a run that ends takes back what has not gone out, and a unit put out of service ends it', async () => {
  await using desk = await openTestDesk();
  const fault = await faultOn(desk, READER);
  await sweepAfter(desk);
  await told(desk, 'done');
  await sweepAfter(desk, 10_000);
  expect(names(desk)).toEqual(['trigger_message', 'reset']);
  const [, reset] = desk.commands;
  await desk.call(`POST /tickets/${fault.id}/remote-repair/stop`);
  expect(desk.withdrawn).toEqual([reset?.id]);

  const second = await faultOn(desk);
  await sweepAfter(desk);
  await desk.database.pool.query(`update unit set status = 'suspended' where id = $1`, [second.unit.unitId]);
  await sweepAfter(desk);
  expect((await second.ticket()).remoteRuns).toMatchObject([{ status: 'aborted', reason: 'unit_suspended' }]);
  expect(desk.withdrawn).toEqual([reset?.id, desk.commands.at(-1)?.id]);
  expect(await second.orders()).toHaveLength(1);
});

test('a playbook that does not exist is answered with those that do', async () => {
  await using desk = await openTestDesk();
  const { id } = await faultOn(desk);
  const { status, body } = await desk.call(`POST /tickets/${id}/remote-repair`, { playbook: 'pile-rest' });
  expect(status).toBe(422);
  expect(body.detail).toContain('pile-reset, pile-unlock');
});

test('what no command cures opens a work order whose card shows the attempts', async () => {
  await using desk = await openTestDesk();
  const fault = await faultOn(desk);
  await sweepAfter(desk);
  await told(desk, 'rejected', 'NotSupported');
  await sweepAfter(desk);
  expect(names(desk)).toEqual(['unlock_connector', 'reset']);
  await told(desk, 'accepted');
  await sweepAfter(desk, MINUTE_MS);
  await told(desk, 'done');
  await sweepAfter(desk, 2 * MINUTE_MS - 1);
  expect(await fault.orders()).toEqual([]);
  await sweepAfter(desk, 1);
  const [order] = await fault.orders();
  const { body } = await desk.call(`GET /work-orders/${order.id}`);
  expect(body.remoteAttempts).toMatchObject([
    { command: 'unlock_connector', status: 'rejected', detail: 'NotSupported', outcome: 'command_failed' },
    { command: 'reset', args: { type: 'Soft' }, status: 'done', outcome: 'not_cured' },
  ]);
  const ticket = await fault.ticket();
  expect(ticket).toMatchObject({
    status: 'in_progress',
    remoteRuns: [{ status: 'failed', reason: 'not_cured' }],
  });
  expect(ticket.clocks.map(({ kind }: { kind: string }) => kind)).not.toContain('T7');
});

test('no command while a vehicle charges: half an hour later somebody goes', async () => {
  await using desk = await openTestDesk();
  const fault = await faultOn(desk);
  desk.charging.add(fault.unit.deviceId);
  await sweepAfter(desk);
  await sweepAfter(desk, 30 * MINUTE_MS - 1);
  expect(await fault.orders()).toEqual([]);
  expect((await fault.ticket()).remoteRuns[0].waitingSince).not.toBeNull();
  await sweepAfter(desk, 1);
  expect(desk.commands).toEqual([]);
  expect(await fault.orders()).toHaveLength(1);
  expect(actions(await fault.ticket())).toContain('remote_failed: session_running');
});

test('a session that only the device knew of is waited for, then the step is tried again', async () => {
  await using desk = await openTestDesk();
  const fault = await faultOn(desk);
  await sweepAfter(desk);
  await told(desk, 'rejected', 'session_running');
  await sweepAfter(desk, 2_000);
  expect(names(desk)).toEqual(['unlock_connector']);
  await sweepAfter(desk, 5 * MINUTE_MS);
  expect(names(desk)).toEqual(['unlock_connector', 'unlock_connector']);
  expect(new Set(desk.commands.map(({ id }) => id)).size).toBe(2);
  await told(desk, 'done');
  await fault.clear();
  await sweepAfter(desk);
  expect(await fault.ticket()).toMatchObject({ status: 'verifying', resolution: 'remote' });
});

test('a fault that is back in the window reopens the ticket under an order, and the run counts as failed', async () => {
  await using desk = await openTestDesk();
  const fault = await faultOn(desk);
  await sweepAfter(desk);
  await told(desk, 'done');
  desk.clock.advance(1_000);
  await fault.clear();
  await sweepAfter(desk);
  desk.clock.advance(5 * MINUTE_MS);
  await fault.raise();
  expect(await fault.ticket()).toMatchObject({
    status: 'in_progress',
    resolution: null,
    remoteRuns: [{ status: 'failed', reason: 'recurred', verification: 'recurred' }],
    remoteAttempts: [{ outcome: 'not_cured' }],
  });
  expect(await fault.orders()).toHaveLength(1);
  await sweepAfter(desk, 20 * MINUTE_MS);
  await desk.sweep('repair.verify');
  expect((await fault.ticket()).status).toBe('in_progress');
});

test('what clears before any command reached the device cleared by itself', async () => {
  await using desk = await openTestDesk();
  const fault = await faultOn(desk);
  desk.charging.add(fault.unit.deviceId);
  await sweepAfter(desk);
  await fault.clear();
  await sweepAfter(desk);
  expect(await fault.ticket()).toMatchObject({ status: 'verifying', resolution: 'self_cleared' });
  desk.clock.advance(10 * MINUTE_MS);
  await desk.sweep('repair.verify');
  const ticket = await fault.ticket();
  expect(ticket).toMatchObject({ status: 'closed', resolution: 'self_cleared', workOrderIds: [] });
  expect(ticket.clocks.map(({ kind }: { kind: string }) => kind)).toEqual(['T5']);
  expect(desk.commands).toEqual([]);
});

test('one repair a unit at a time, a cool-down after it, and a limit a day', async () => {
  await using desk = await openTestDesk();
  const fault = await faultOn(desk, READER);
  const ticketOf = async (family: string) => {
    const { items } = (await desk.call(`GET /tickets?deviceId=${fault.unit.deviceId}`)).body;
    const { id } = items.find(({ faultFamily }: { faultFamily: string }) => faultFamily === family);
    return (await desk.call(`GET /tickets/${id}`)).body;
  };
  await fault.raise(LOCK);
  const second = await ticketOf('connector_lock');
  expect(actions(second)).toContain('remote_skipped: run_in_progress');
  expect(second.workOrderIds).toHaveLength(1);

  const restart = async () => {
    await desk.call(`POST /tickets/${fault.id}/remote-repair/stop`);
    return () => desk.call(`POST /tickets/${fault.id}/remote-repair`, {});
  };
  const again = await restart();
  expect(await again()).toMatchObject({
    status: 409,
    body: {
      code: 'REPAIR_COOL_DOWN',
      detail: expect.stringContaining('again from 2026-11-21T08:10:00.000Z'),
    },
  });
  desk.clock.advance(10 * MINUTE_MS);
  expect((await again()).status).toBe(200);
  await restart();
  desk.clock.advance(10 * MINUTE_MS);
  expect((await again()).status).toBe(200);
  await restart();
  desk.clock.advance(10 * MINUTE_MS);
  expect(await again()).toMatchObject({
    status: 409,
    body: { code: 'REPAIR_LIMIT', detail: expect.stringContaining('again from 2026-11-22T08:00:00.000Z') },
  });
  desk.clock.advance(24 * 60 * MINUTE_MS);
  expect((await again()).status).toBe(200);
});

test('a device that does not come back for the first command is left to a technician', async () => {
  await using desk = await openTestDesk();
  const fault = await faultOn(desk, READER);
  await sweepAfter(desk);
  expect(names(desk)).toEqual(['trigger_message']);
  await told(desk, 'expired');
  await sweepAfter(desk);
  expect(names(desk)).toEqual(['trigger_message']);
  expect(await fault.orders()).toHaveLength(1);
  expect((await fault.ticket()).remoteRuns).toMatchObject([{ status: 'failed', reason: 'not_connected' }]);
});

test('word that comes twice, late or out of order, on two nodes, sends nothing twice', async () => {
  await using desk = await openTestDesk();
  await using _other = desk.startConsumers();
  const fault = await faultOn(desk);
  await Promise.all([desk.sweep('repair.remote'), desk.sweep('repair.remote')]);
  expect(names(desk)).toEqual(['unlock_connector']);
  for (const status of ['sent', 'done', 'done', 'accepted', 'sent'] as const) await told(desk, status);
  expect((await fault.ticket()).remoteAttempts).toMatchObject([{ status: 'done' }]);
  await fault.clear();
  await fault.clear();
  await Promise.all([desk.sweep('repair.remote'), desk.sweep('repair.remote')]);
  await told(desk, 'failed');
  await sweepAfter(desk, MINUTE_MS);
  const ticket = await fault.ticket();
  expect(ticket.remoteRuns).toMatchObject([{ status: 'cured' }]);
  expect(actions(ticket).filter((action) => action === 'resolve')).toHaveLength(1);
  expect(names(desk)).toEqual(['unlock_connector']);
});

test('a person starts and stops a remote repair; work by hand, too, ends it', async () => {
  await using desk = await openTestDesk();
  const fault = await faultOn(desk);
  const start = () => desk.call(`POST /tickets/${fault.id}/remote-repair`, {}, 'dispatcher');
  const stop = () => desk.call(`POST /tickets/${fault.id}/remote-repair/stop`, undefined, 'dispatcher');
  expect(await start()).toMatchObject({ status: 409, body: { code: 'REPAIR_RUN_IN_PROGRESS' } });
  expect((await stop()).body).toMatchObject({ remoteRuns: [{ status: 'aborted', reason: 'stopped' }] });
  expect(await stop()).toMatchObject({ status: 409, body: { code: 'REPAIR_NOT_RUNNING' } });
  expect(await fault.orders()).toMatchObject([{ status: 'planned' }]);
  desk.clock.advance(10 * MINUTE_MS);
  expect((await start()).body.remoteRuns).toMatchObject([
    {},
    { status: 'running', startedBy: 'user-dispatcher' },
  ]);
  expect(await fault.orders()).toMatchObject([{ status: 'cancelled' }]);
  expect((await desk.call(`POST /tickets/${fault.id}/remote-repair`, {}, 'agent')).status).toBe(403);
  expect((await desk.call('POST /work-orders', { ticketId: fault.id })).status).toBe(201);
  expect((await fault.ticket()).remoteRuns).toMatchObject([
    {},
    { status: 'aborted', reason: 'work_in_hand' },
  ]);
  desk.clock.advance(10 * MINUTE_MS);
  await start();
  await desk.call(`POST /tickets/${fault.id}/cancel`, { reason: 'scrapped' });
  expect((await fault.ticket()).remoteRuns.at(-1)).toMatchObject({
    status: 'aborted',
    reason: 'ticket_cancelled',
  });
  await sweepAfter(desk, MINUTE_MS);
  expect(desk.commands).toEqual([]);
});

test('I1, T9: the call after a remote repair is due on the ticket, once', async () => {
  await using desk = await openTestDesk();
  const fault = await faultOn(desk);
  const call = (satisfied: boolean) =>
    desk.call(`POST /tickets/${fault.id}/callback`, { satisfied, text: 'well' }, 'agent');
  expect(await call(true)).toMatchObject({ status: 409, body: { code: 'REPAIR_NO_CALLBACK_DUE' } });
  await sweepAfter(desk);
  await told(desk, 'done');
  await fault.clear();
  await sweepAfter(desk);
  desk.clock.advance(MINUTE_MS);
  const { status, body } = await call(false);
  expect(status).toBe(200);
  expect(body).toMatchObject({
    status: 'in_progress',
    remoteRuns: [{ status: 'failed', reason: 'recurred' }],
  });
  expect(body.clocks.find(({ kind }: { kind: string }) => kind === 'T9')).toMatchObject({ met: true });
  expect(body.workOrderIds).toHaveLength(1);
  expect((await call(true)).status).toBe(409);
});
