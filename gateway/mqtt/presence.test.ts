import { connect } from 'node:net';
import { expect, test, vi } from 'vitest';
import { createLog } from '#platform/log.ts';
import { openTestGateway, type TestGateway } from '#test/support/test-gateway.ts';
import { reportLeftConnected } from '../devices/report-left-connected.ts';
import { createDeviceSessions } from '../devices/sessions.ts';
import type { DeviceTables } from '../devices/tables.ts';

const eventually = (check: () => void | Promise<void>) =>
  vi.waitFor(check, { timeout: 10_000, interval: 10 });

const will = (id: string, session: string) => ({
  topic: `devices/${id}/state`,
  payload: Buffer.from(`{"online":false,"session":"${session}"}`),
  qos: 1 as const,
  retain: true,
});

async function sessionRow({ sessions, deps }: TestGateway) {
  await sessions.flush();
  return deps.db
    .withTables<DeviceTables>()
    .selectFrom('device_session')
    .select(['device_id', 'node_id', 'epoch', 'is_connected', 'remote_address'])
    .execute();
}

test('a device is online from its first connection to the end of its last', async () => {
  await using test = await openTestGateway();
  const credentials = await test.addDevice({ id: 'ac-1' });
  const first = await test.connect(credentials, { clientId: 'a' });
  const second = await test.connect(credentials, { clientId: 'b' });
  expect(test.gateway.isConnected('ac-1')).toBe(true);
  await first.endAsync();
  await eventually(() => expect(test.gateway.connectedCount).toBe(1));
  expect(test.sink.presences).toEqual(['ac-1 online']);
  await second.endAsync();
  await eventually(() => expect(test.sink.presences).toEqual(['ac-1 online', 'ac-1 offline']));
  expect(test.gateway.isConnected('ac-1')).toBe(false);
});

test('a takeover by the same client id never looks like an absence, and the old will is void', async () => {
  await using test = await openTestGateway();
  const credentials = await test.addDevice({ id: 'ac-1' });
  const old = await test.connect(credentials, { clientId: 'a', will: will('ac-1', 'old') });
  const evicted = new Promise<void>((resolve) => old.once('close', () => resolve()));
  const next = await test.connect(credentials, { clientId: 'a', will: will('ac-1', 'new') });
  await evicted;
  await next.publishAsync('devices/ac-1/state', '{"online":true,"session":"new"}', { qos: 1, retain: true });
  await eventually(async () => expect(await test.refusals('will_superseded')).toBe(1));

  expect(test.sink.presences).toEqual(['ac-1 online']);
  expect(test.sink.messages.map(({ text }) => text)).toEqual(['{"online":true,"session":"new"}']);
  expect(await sessionRow(test)).toEqual([
    { device_id: 'ac-1', node_id: 'node-1', epoch: 2, is_connected: true, remote_address: '127.0.0.1' },
  ]);
});

test('a dead socket is survived by the newer connection of its device', async () => {
  await using test = await openTestGateway();
  const credentials = await test.addDevice({ id: 'ac-1' });
  const old = await test.connect(credentials, { clientId: 'a', will: will('ac-1', 'old') });
  await test.connect(credentials, { clientId: 'b' });
  old.stream.destroy();
  await eventually(() => expect(test.gateway.connectedCount).toBe(1));
  expect(test.sink.presences).toEqual(['ac-1 online']);
  expect(test.sink.messages).toEqual([]);
});

test('the will of a device that vanishes reaches the sink as its state, before it goes offline', async () => {
  await using test = await openTestGateway();
  const credentials = await test.addDevice({ id: 'ac-1' });
  const device = await test.connect(credentials, { clientId: 'a', will: will('ac-1', 's1') });
  device.stream.destroy();
  await eventually(() => expect(test.sink.presences).toEqual(['ac-1 online', 'ac-1 offline']));
  expect(test.sink.messages.map(({ channel, text }) => [channel, text])).toEqual([
    ['state', '{"online":false,"session":"s1"}'],
  ]);

  const next = await test.connect(credentials, { clientId: 'b' });
  const retained = new Promise<string>((resolve) =>
    next.once('message', (_topic, payload) => resolve(payload.toString())),
  );
  await next.subscribeAsync('devices/ac-1/state');
  expect(await retained).toBe('{"online":false,"session":"s1"}');
  await eventually(async () =>
    expect(await sessionRow(test)).toMatchObject([{ epoch: 2, is_connected: true }]),
  );
});

test('a device that says goodbye leaves no will', async () => {
  await using test = await openTestGateway();
  const device = await test.connect(await test.addDevice({ id: 'ac-1' }), { will: will('ac-1', 's1') });
  await device.endAsync();
  await eventually(() => expect(test.sink.presences).toEqual(['ac-1 online', 'ac-1 offline']));
  expect(test.sink.messages).toEqual([]);
});

test('a will for a foreign topic is dead-lettered and not published', async () => {
  await using test = await openTestGateway();
  await test.addDevice({ id: 'ac-2' });
  const device = await test.connect(await test.addDevice({ id: 'ac-1' }), { will: will('ac-2', 's1') });
  device.stream.destroy();
  await eventually(() =>
    expect(test.deadLetters).toMatchObject([{ deviceId: 'ac-1', topic: 'devices/ac-2/state' }]),
  );
  expect(test.sink.messages).toEqual([]);
});

test('at most eight connections of one device stand: the oldest goes', async () => {
  await using test = await openTestGateway();
  const credentials = await test.addDevice({ id: 'ac-1' });
  const oldest = await test.connect(credentials);
  const dropped = new Promise<void>((resolve) => oldest.once('close', () => resolve()));
  for (let more = 0; more < 8; more += 1) await test.connect(credentials);
  await dropped;
  await eventually(() => expect(test.gateway.connectedCount).toBe(8));
  expect(test.sink.presences).toEqual(['ac-1 online']);
});

test('connections over the limit are not served', async () => {
  await using test = await openTestGateway({ maxConnections: 1 });
  const credentials = await test.addDevice({ id: 'ac-1' });
  const first = await test.connect(credentials);
  const refused = connect(test.gateway.port, '127.0.0.1');
  await new Promise((resolve) => refused.once('close', resolve));
  expect([await test.refusals('too_many_connections'), first.connected]).toEqual([1, true]);
});

test('what a killed node had left connected is reported offline when it starts again', async () => {
  const presences: string[] = [];
  await using test = await openTestGateway();
  await test.addDevice({ id: 'ac-1' });
  const { registry, clock, db } = test.deps;
  const log = createLog({ level: 'silent', format: 'json' });
  await using sessions = createDeviceSessions({ db, clock, log }, { nodeId: 'killed' });
  sessions.connected('ac-1', null);
  await sessions.flush();
  const sink = {
    ...test.sink,
    presence: ({ id }: { id: string }, isOnline: boolean) => presences.push(`${id} ${isOnline}`),
  };
  await reportLeftConnected({ registry, clock, sessions, sink });
  await reportLeftConnected({ registry, clock, sessions, sink });
  expect(presences).toEqual(['ac-1 false']);
});
