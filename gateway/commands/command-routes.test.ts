import { expect, test } from 'vitest';
import type { Command } from '#contracts/commands.ts';
import { openTestCommands, type TestCommands } from '#test/support/test-commands.ts';
import { addDevice } from '#test/support/test-devices.ts';

const send = (test: TestCommands, body: object, id = 'cp-1') =>
  test.call('POST', `/devices/${id}/commands`, { body });
const listed = async (test: TestCommands, path: string) =>
  (await test.call('GET', path)).json<{ items: Command[]; nextCursor: string | null }>();

async function openWithDevices(): Promise<TestCommands> {
  const test = await openTestCommands();
  await addDevice(test.deps, { id: 'cp-1', kind: 'charging_pile', model: 'dc-pile-generic' });
  await addDevice(test.deps, { id: 'ac-1' });
  return test;
}

test('a command is asked for, shown and listed', async () => {
  await using test = await openWithDevices();
  const response = await send(test, {
    name: 'unlock_connector',
    args: { connectorId: 2 },
    timeoutMs: 30_000,
  });
  expect(response.statusCode).toBe(201);
  const command = response.json<Command>();
  expect(command).toMatchObject({
    deviceId: 'cp-1',
    component: 'connector-2',
    name: 'unlock_connector',
    args: { connectorId: 2 },
    status: 'queued',
    ticketId: null,
  });
  expect(Date.parse(command.deadline) - Date.parse(command.queuedAt)).toBe(30_000);
  const second = (await send(test, { name: 'restart' }, 'ac-1')).json<Command>();

  expect((await listed(test, '/commands')).items.map(({ id }) => id)).toEqual([second.id, command.id]);
  expect((await listed(test, '/devices/cp-1/commands')).items).toEqual([command]);
  expect((await listed(test, '/commands?status=sent')).items).toEqual([]);
  const first = await listed(test, '/commands?limit=1');
  expect((await listed(test, `/commands?limit=1&cursor=${first.nextCursor}`)).items).toEqual([command]);
  expect((await test.call('GET', `/commands/${command.id}`)).json()).toEqual(command);
});

test('what cannot be asked for names its field', async () => {
  await using test = await openWithDevices();
  const refused = async (body: object, id?: string) => {
    const response = await send(test, body, id);
    const { code, errors = [] } = response.json<{ code: string; errors?: { field: string }[] }>();
    return [response.statusCode, code, errors.map(({ field }) => field).join()];
  };
  expect(await refused({ name: 'restart' }, 'cp-9')).toEqual([404, 'DEVICE_NOT_FOUND', '']);
  expect(await refused({ name: 'restart' })).toEqual([422, 'COMMAND_UNKNOWN', 'name']);
  expect(await refused({ name: 'reset' })).toEqual([422, 'COMMAND_ARGS_INVALID', 'args.type']);
  expect(await refused({ name: 'reset', args: { type: 'Medium' } })).toEqual([
    422,
    'COMMAND_ARGS_INVALID',
    'args.type',
  ]);
  expect(await refused({ name: 'restart', args: { now: true } }, 'ac-1')).toEqual([
    422,
    'COMMAND_ARGS_INVALID',
    'args.now',
  ]);
  expect(await refused({ name: 'change_configuration', args: { key: 'a\u0000', value: '1' } })).toEqual([
    422,
    'COMMAND_ARGS_INVALID',
    'args',
  ]);
  const told = async (body: object, id?: string) => (await send(test, body, id)).json().errors[0].message;
  expect(await told({ name: 'reset', args: { type: 'Medium' } })).toBe('must be one of Soft, Hard');
  expect(await told({ name: 'reset', args: { type: 'Soft', now: true } })).toBe(
    'reset takes no argument now',
  );
  expect(await told({ name: 'reset' })).toBe('is required');
  expect(await told({ name: 'open' }, 'ac-1')).toBe(
    'an air conditioner knows: restart, clear_fault, set_mode',
  );
  expect((await refused({ name: 'restart', timeoutMs: 1 }, 'ac-1'))[2]).toBe('timeoutMs');
  expect((await test.call('GET', '/commands/019e0000-0000-7000-8000-000000000009')).statusCode).toBe(404);
  expect((await test.call('GET', '/commands?cursor=eA')).statusCode).toBe(400);
});

test('a disabled device takes no command, and no device more than a hundred', async () => {
  await using test = await openWithDevices();
  for (let n = 0; n < 100; n += 1) await test.queue({ deviceId: 'cp-1' });
  const full = await send(test, { name: 'get_configuration' });
  expect([full.statusCode, full.json().code]).toEqual([429, 'COMMAND_QUEUE_FULL']);
  await test.database.pool.query("update device set is_enabled = false where id = 'ac-1'");
  const disabled = await send(test, { name: 'restart' }, 'ac-1');
  expect([disabled.statusCode, disabled.json().code]).toEqual([409, 'COMMAND_DEVICE_DISABLED']);
});

test('what a kind of device can be told is listed with the schema of its arguments', async () => {
  await using test = await openTestCommands();
  const { items } = (await test.call('GET', '/device-commands?kind=charging_pile')).json<{
    items: { name: string; args: object }[];
  }>();
  expect(items.map(({ name }) => name)).toContain('reset');
  expect(items.map(({ name }) => name)).not.toContain('restart');
  expect(items.find(({ name }) => name === 'reset')?.args).toMatchObject({
    type: 'object',
    required: ['type'],
    properties: { type: { enum: ['Soft', 'Hard'] } },
  });
  expect((await test.call('GET', '/device-commands')).json().items.length).toBeGreaterThan(items.length);
});

test('O1: dispatchers and managers command devices; agents and technicians only see it', async () => {
  await using test = await openWithDevices();
  const body = { name: 'restart' };
  for (const role of ['dispatcher', 'manager'] as const) {
    expect((await test.call('POST', '/devices/ac-1/commands', { role, body })).statusCode).toBe(201);
  }
  for (const role of ['agent', 'technician'] as const) {
    expect((await test.call('POST', '/devices/ac-1/commands', { role, body })).statusCode).toBe(403);
    expect((await test.call('GET', '/devices/ac-1/commands', { role })).statusCode).toBe(200);
  }
});

const UNIT = '019e0000-0000-7000-8000-000000000001';
const setUnit = (test: TestCommands) => test.database.pool.query('update device set unit_id = $1', [UNIT]);
const audited = async (test: TestCommands, id: string) => {
  const { rows } = await test.database.pool.query(
    'select action, fields from audit_record where entity_id = $1 order by id',
    [id],
  );
  return rows;
};

test.each([
  ['isInDanger', 'COMMAND_UNIT_IN_DANGER'],
  ['isAttended', 'COMMAND_TECHNICIAN_ON_SITE'],
] as const)(
  'nothing is set going on a unit that %s, unless somebody says why it is safe',
  async (hazard, code) => {
    await using test = await openWithDevices();
    await setUnit(test);
    const reset = { name: 'reset', args: { type: 'Soft' } };
    expect((await send(test, reset)).statusCode).toBe(201);
    test.hazards[hazard] = true;
    const refused = await send(test, reset);
    expect([refused.statusCode, refused.json().code]).toEqual([409, code]);
    expect(refused.json().detail).toContain('override');
    expect((await send(test, { name: 'restart' }, 'ac-1')).statusCode).toBe(409);
    const stop = { name: 'change_availability', args: { connectorId: 0, type: 'Inoperative' } };
    expect((await send(test, stop)).statusCode).toBe(201);
    expect((await send(test, { ...reset, override: '   ' })).statusCode).toBe(422);
    const allowed = await send(test, { ...reset, override: 'the technician asked for it' });
    expect(allowed.statusCode).toBe(201);
    const [queued] = await audited(test, allowed.json().id);
    expect(JSON.stringify(queued.fields)).toContain('the technician asked for it');
  },
);

test('a command that waits can be cancelled, once, and by those who send', async () => {
  await using test = await openWithDevices();
  const { id } = await test.queue({ deviceId: 'cp-1' });
  const cancel = (role: 'dispatcher' | 'agent' = 'dispatcher') =>
    test.call('POST', `/commands/${id}/cancel`, { role });
  expect((await cancel('agent')).statusCode).toBe(403);
  const cancelled = await cancel();
  expect(cancelled.statusCode).toBe(200);
  expect(cancelled.json()).toMatchObject({ status: 'expired', detail: 'withdrawn', sentAt: null });
  const again = await cancel();
  expect([again.statusCode, again.json().code]).toEqual([409, 'COMMAND_NOT_QUEUED']);
  expect((await audited(test, id)).map(({ action }) => action)).toEqual(['command.queued', 'command.ended']);
  expect((await test.call('POST', `/commands/${UNIT}/cancel`, {})).statusCode).toBe(404);
});

test('no password of a station is set by command, and no secret is shown, put on record or kept', async () => {
  await using test = await openWithDevices();
  const set = (key: string) => send(test, { name: 'change_configuration', args: { key, value: 'hunter22' } });
  const refused = await set('authorizationKey');
  expect([refused.statusCode, refused.json().errors[0].field]).toEqual([422, 'args.key']);
  expect(refused.json().detail).toContain('/credentials');
  const secret = (await set('BackendPassword')).json<Command>();
  expect(secret.args).toEqual({ key: 'BackendPassword', value: '********' });
  expect(JSON.stringify(await audited(test, secret.id))).not.toContain('hunter22');
  expect((await listed(test, '/commands')).items[0]?.args.value).toBe('********');
  const kept = async () =>
    (await test.database.pool.query('select args from command where id = $1', [secret.id])).rows[0].args
      .value;
  expect(await kept()).toBe('hunter22');
  await test.call('POST', `/commands/${secret.id}/cancel`, {});
  expect(await kept()).toBe('********');
  const harmless = (await set('HeartbeatInterval')).json<Command>();
  expect(harmless.args.value).toBe('hunter22');
});
