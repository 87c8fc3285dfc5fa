import { expect, test } from 'vitest';
import type { DeviceCredentials } from '#contracts/devices.ts';
import { createManualClock } from '#platform/clock.ts';
import { createLog } from '#platform/log.ts';
import { mqttOf, ocppOf } from '#test/support/credentials.ts';
import { openTestDevices, type TestDevices } from '#test/support/test-devices.ts';
import { createPendingDevices } from './pending.ts';
import { createDeviceSessions } from './sessions.ts';

const AC = { id: 'ac-1', kind: 'ac_unit', model: 'split-generic' };
const register = (test: TestDevices, device: object = {}) =>
  test.call('POST', '/devices', { body: { ...AC, ...device } });
const log = createLog({ level: 'silent', format: 'json' });

test('a registered device gets a unit and a password that is shown once and works at once', async () => {
  await using test = await openTestDevices();
  const response = await register(test, { labels: { floor: '3' }, serial: 'SN-1' });
  expect(response.statusCode).toBe(201);
  const credentials = response.json<DeviceCredentials>();
  const { id, unitId } = credentials;
  const mqtt = mqttOf(credentials);
  expect([id, mqtt.username]).toEqual(['ac-1', 'ac-1']);
  expect(mqtt.password).toMatch(/^[0-9a-f]{40}$/);
  const known = test.deps.registry.findByUsername('ac-1');
  expect(known && test.deps.secrets.verify(mqtt.password, known.secretHash)).toBe(true);
  expect(test.deps.registry.find('ac-1')).toMatchObject({ unitId, labels: { floor: '3' }, index: 0 });

  const shown = await test.call('GET', '/devices/ac-1');
  expect(shown.headers.etag).toBe('"1"');
  expect(shown.json()).toEqual({
    ...AC,
    unitId,
    siteId: null,
    labels: { floor: '3' },
    isEnabled: true,
    isConnected: false,
    lastConnectedAt: null,
    version: 1,
  });
});

test('a charging pile gets the address it connects to and a password that works at once', async () => {
  await using test = await openTestDevices();
  const pile = { id: 'cp|1', kind: 'charging_pile', model: 'ac-pile-generic' };
  const credentials = (await register(test, pile)).json<DeviceCredentials>();
  const first = ocppOf(credentials);
  expect(credentials.mqtt).toBeUndefined();
  expect(first.url).toBe('ws://127.0.0.1:9000/ocpp/cp%7C1');
  expect(first.password).toMatch(/^[0-9a-f]{40}$/);

  const rotated = await test.call('POST', '/devices/cp%7C1/credentials');
  const second = ocppOf(rotated.json<DeviceCredentials>());
  const known = test.deps.registry.findByUsername('cp|1');
  const accepts = (password: string) => known && test.deps.secrets.verify(password, known.secretHash);
  expect([accepts(second.password), accepts(first.password)]).toEqual([true, false]);
});

test('what cannot be registered names its field', async () => {
  await using test = await openTestDevices();
  await register(test, { serial: 'SN-1' });
  const refused = async (device: object) => {
    const response = await register(test, device);
    const { code, errors, detail } = response.json<{
      code: string;
      errors?: { field: string }[];
      detail: string;
    }>();
    return [response.statusCode, code, errors?.map(({ field }) => field).join() ?? '', detail] as const;
  };
  expect((await refused({ id: 'ac-2', kind: 'toaster' })).slice(0, 3)).toEqual([
    422,
    'DEVICE_KIND_UNKNOWN',
    'kind',
  ]);
  expect(await refused({ id: 'ac-2', model: 'x' })).toEqual([
    422,
    'DEVICE_MODEL_UNKNOWN',
    'model',
    expect.stringContaining('split-generic, vrf-generic, chiller-generic'),
  ]);
  expect((await refused({ id: 'ac/2' })).slice(0, 1).concat((await refused({ id: 'ac/2' }))[2])).toEqual([
    422,
    'id',
  ]);
  expect((await refused({ id: 'ac-2', colour: 'red' }))[2]).toBe('colour');
  expect((await refused({ id: 'ac-2', serial: 'SN-1' }))[2]).toBe('serial');
  expect((await refused({ id: 'ac-2', siteId: '019e0000-0000-7000-8000-000000000009' }))[2]).toBe('siteId');
  expect((await refused({})).slice(0, 2)).toEqual([409, 'DEVICE_EXISTS']);
  expect(test.deps.registry.all()).toHaveLength(1);
});

test('devices are listed by page and filter', async () => {
  await using test = await openTestDevices();
  for (const n of [1, 2, 3, 4, 5]) {
    await register(test, {
      id: `ac-${n}`,
      model: n > 3 ? 'vrf-generic' : 'split-generic',
      labels: { floor: `f_${n}` },
    });
  }
  await using sessions = createDeviceSessions({ ...test.deps, log }, { nodeId: 'node-1' });
  sessions.connected('ac-2', null);
  sessions.connected('ac-gone', null);
  await sessions.flush();
  const ids = async (query: string) => {
    const { items, nextCursor } = (await test.call('GET', `/devices?${query}`)).json<{
      items: { id: string }[];
      nextCursor: string | null;
    }>();
    return { ids: items.map(({ id }) => id).join(' '), nextCursor };
  };
  const first = await ids('limit=3');
  expect(first.ids).toBe('ac-1 ac-2 ac-3');
  expect(await ids(`limit=3&cursor=${first.nextCursor}`)).toEqual({ ids: 'ac-4 ac-5', nextCursor: null });
  expect((await ids('model=vrf-generic')).ids).toBe('ac-4 ac-5');
  expect((await ids('isConnected=true')).ids).toBe('ac-2');
  expect((await ids('isConnected=false')).ids).toBe('ac-1 ac-3 ac-4 ac-5');
  expect((await ids('q=F_4')).ids).toBe('ac-4');
  expect((await ids('q=AC-5&kind=ac_unit')).ids).toBe('ac-5');
  expect((await ids('kind=toaster')).ids).toBe('');
});

test('a change needs the version last read and is audited; a disabled device must go', async () => {
  await using test = await openTestDevices();
  await register(test);
  const change = (body: object, ifMatch?: string) =>
    test.call('PATCH', '/devices/ac-1', {
      body,
      headers: ifMatch === undefined ? {} : { 'if-match': ifMatch },
    });
  const revoked: string[] = [];
  test.deps.registry.onRevoked((id) => revoked.push(id));
  expect((await change({ isEnabled: false })).statusCode).toBe(428);
  const changed = await change({ labels: { floor: '9' } }, '"1"');
  expect([changed.statusCode, changed.headers.etag, changed.json().labels]).toEqual([
    200,
    '"2"',
    { floor: '9' },
  ]);
  expect((await change({ isEnabled: false }, '"1"')).statusCode).toBe(412);
  expect(revoked).toEqual([]);
  expect((await change({ isEnabled: false }, '"2"')).json()).toMatchObject({ isEnabled: false, version: 3 });
  expect(revoked).toEqual(['ac-1']);
  expect(
    (await test.call('PATCH', '/devices/ac-7', { body: { isEnabled: true }, headers: { 'if-match': '"1"' } }))
      .statusCode,
  ).toBe(404);

  const audited = await test.deps.db
    .withTables<{ audit_record: { id: string; action: string; entity: string } }>()
    .selectFrom('audit_record')
    .select('action')
    .where('entity', '=', 'device')
    .orderBy('id')
    .execute();
  expect(audited.map(({ action }) => action)).toEqual([
    'device.registered',
    'device.changed',
    'device.changed',
  ]);
});

test('new credentials replace the old ones, and a removed device is forgotten', async () => {
  await using test = await openTestDevices();
  const first = (await register(test)).json<DeviceCredentials>();
  const revoked: string[] = [];
  test.deps.registry.onRevoked((id) => revoked.push(id));
  const rotated = await test.call('POST', '/devices/ac-1/credentials');
  expect(rotated.statusCode).toBe(201);
  const credentials = rotated.json<DeviceCredentials>();
  const { unitId } = credentials;
  const mqtt = mqttOf(credentials);
  expect([mqtt.username, unitId]).toEqual(['ac-1', first.unitId]);
  const known = test.deps.registry.findByUsername('ac-1');
  const accepts = (password: string) => known && test.deps.secrets.verify(password, known.secretHash);
  expect([accepts(mqtt.password), accepts(mqttOf(first).password)]).toEqual([true, false]);

  expect((await test.call('DELETE', '/devices/ac-1')).statusCode).toBe(204);
  expect(revoked).toEqual(['ac-1', 'ac-1']);
  expect(test.deps.registry.find('ac-1')).toBeUndefined();
  expect((await test.call('GET', '/devices/ac-1')).statusCode).toBe(404);
  expect((await test.call('DELETE', '/devices/ac-1')).statusCode).toBe(404);
  expect((await register(test)).statusCode).toBe(201);
});

test('an identity that waits is approved or taken off the list', async () => {
  await using test = await openTestDevices();
  await using pending = createPendingDevices({ ...test.deps, log });
  for (const identity of ['ac-7', 'ac-8', 'ac-7', 'no/device']) pending.seen(identity, 'mqtt', '10.0.0.1');
  await pending.flush();
  const waiting = async () =>
    (await test.call('GET', '/devices/pending')).json<{ items: { identity: string; attempts: number }[] }>()
      .items;
  expect((await waiting()).map(({ identity, attempts }) => `${identity} ${attempts}`).sort()).toEqual([
    'ac-7 2',
    'ac-8 1',
  ]);

  const approval = { kind: 'ac_unit', model: 'vrf-generic', labels: { floor: '1' } };
  const approved = await test.call('POST', '/devices/pending/ac-7/approve', { body: approval });
  expect([approved.statusCode, approved.json<DeviceCredentials>().mqtt?.username]).toEqual([201, 'ac-7']);
  expect((await test.call('POST', '/devices/pending/ac-7/approve', { body: approval })).statusCode).toBe(404);
  expect((await test.call('DELETE', '/devices/pending/ac-8')).statusCode).toBe(204);
  expect((await test.call('DELETE', '/devices/pending/ac-8')).statusCode).toBe(404);
  expect(await waiting()).toEqual([]);
  pending.seen('ac-7', 'mqtt', null);
  await pending.flush();
  expect(await waiting()).toEqual([]);
});

test('the pending list keeps the thousand identities seen last', async () => {
  await using test = await openTestDevices();
  const clock = createManualClock(Date.now());
  await using pending = createPendingDevices({ ...test.deps, clock, log });
  for (const round of ['a', 'b']) {
    for (let n = 0; n < 900; n += 1) pending.seen(`${round}-${n}`, 'mqtt', null);
    await pending.flush();
    clock.advance(1_000);
  }
  const { items } = (await test.call('GET', '/devices/pending')).json<{ items: { identity: string }[] }>();
  expect(items).toHaveLength(1_000);
  expect(items.filter(({ identity }) => identity.startsWith('b-'))).toHaveLength(900);
});

test('O1: only an administrator registers devices; who reads them does not change them', async () => {
  await using test = await openTestDevices();
  await register(test);
  for (const role of ['agent', 'dispatcher', 'technician', 'manager'] as const) {
    expect((await test.call('GET', '/devices', { role })).statusCode).toBe(200);
    expect((await test.call('POST', '/devices', { role, body: AC })).statusCode).toBe(403);
    expect((await test.call('DELETE', '/devices/ac-1', { role })).statusCode).toBe(403);
    expect((await test.call('POST', '/devices/ac-1/credentials', { role })).statusCode).toBe(403);
  }
});
