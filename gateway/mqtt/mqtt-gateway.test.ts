import { execFile } from 'node:child_process';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import { expect, test, vi } from 'vitest';
import { mqttOf, ocppOf } from '#test/support/credentials.ts';
import { isInstalled } from '#test/support/installed.ts';
import { openTestGateway } from '#test/support/test-gateway.ts';

const MOSQUITTO = '/usr/bin/mosquitto_pub';
const hasMosquitto = isInstalled(MOSQUITTO, 'mosquitto-clients');

const eventually = (check: () => void | Promise<void>) =>
  vi.waitFor(check, { timeout: 10_000, interval: 10 });

test('what a device publishes reaches the sink byte for byte, on each of its channels', async () => {
  await using test = await openTestGateway();
  const device = await test.connect(await test.addDevice({ id: 'ac|1@site', labels: { floor: '3' } }));
  await device.publishAsync('devices/ac|1@site/telemetry', '{"room_temp":24.5}', { qos: 1 });
  await device.publishAsync('devices/ac|1@site/fault', '{"code":"E1","state":"raised"}', { qos: 2 });
  await device.publishAsync('devices/ac|1@site/cmd/ack', '{"id":"1"}', { qos: 0 });
  await device.publishAsync('devices/ac|1@site/state', '{"online":true}', { qos: 1, retain: true });

  expect(test.sink.messages.map(({ channel, text }) => [channel, text])).toEqual([
    ['telemetry', '{"room_temp":24.5}'],
    ['fault', '{"code":"E1","state":"raised"}'],
    ['cmd/ack', '{"id":"1"}'],
    ['state', '{"online":true}'],
  ]);
  const first = test.sink.messages[0];
  expect(first?.device.labels).toEqual({ floor: '3' });
  expect(first?.message).toMatchObject({ qos: 1, isDuplicateFlagged: false, protocol: 'mqtt' });
  expect(first?.message.packetId).toBeGreaterThan(0);
});

test('a foreign topic, or one unknown, is dead-lettered and acknowledged, and the connection stays', async () => {
  await using test = await openTestGateway();
  const credentials = await test.addDevice({ id: 'ac-1' });
  await test.addDevice({ id: 'ac-2' });
  const device = await test.connect(credentials);
  await device.publishAsync('devices/ac-2/telemetry', '{"room_temp":1}', { qos: 1 });
  await device.publishAsync('devices/ac-1/unheard', 'x', { qos: 1 });
  await device.publishAsync('devices/ac-1/telemetry', '{"room_temp":2}', { qos: 1 });

  expect(test.deadLetters.map(({ payload, ...letter }) => ({ ...letter, text: String(payload) }))).toEqual([
    {
      deviceId: 'ac-1',
      topic: 'devices/ac-2/telemetry',
      code: 'GATEWAY_TOPIC_FORBIDDEN',
      text: '{"room_temp":1}',
    },
    { deviceId: 'ac-1', topic: 'devices/ac-1/unheard', code: 'GATEWAY_TOPIC_UNKNOWN', text: 'x' },
  ]);
  expect(test.sink.messages.map(({ text }) => text)).toEqual(['{"room_temp":2}']);
});

test('a device subscribes below its own id and nowhere else', async () => {
  await using test = await openTestGateway();
  const device = await test.connect(await test.addDevice({ id: 'ac-1' }));
  const own = await device.subscribeAsync('devices/ac-1/#', { qos: 1 });
  expect(own.map(({ qos }) => qos)).toEqual([1]);
  for (const topic of ['devices/ac-2/cmd', 'devices/+/cmd', '#', '$SYS/#', 'devices/ac-10/cmd']) {
    await expect(device.subscribeAsync(topic)).rejects.toThrow();
  }
  expect(await test.refusals('subscription_forbidden')).toBe(5);

  const command = new Promise<string>((resolve) =>
    device.on('message', (topic, payload) => topic.endsWith('/cmd') && resolve(payload.toString())),
  );
  expect(test.gateway.publishCommand('ac-1', '{"id":"7","name":"restart"}')).toBe(true);
  expect(await command).toBe('{"id":"7","name":"restart"}');
  expect(test.gateway.publishCommand('ac-9', '{}')).toBe(false);
});

test('a wrong password, an unknown identity and a disabled device are told apart', async () => {
  await using test = await openTestGateway();
  const known = await test.addDevice({ id: 'ac-1' });
  const refused = async (username: string, password: string) =>
    test.connect({ ...known, mqtt: { username, password } }).then(
      () => undefined,
      (error: { code?: number }) => error.code,
    );
  expect(await refused('ac-1', 'wrong')).toBe(4);
  expect(await refused('ac-99', mqttOf(known).password)).toBe(5);
  expect(await refused('not/an/id', 'x')).toBe(5);
  expect([
    await test.refusals('wrong_password'),
    await test.refusals('unknown_identity'),
    test.gateway.connectedCount,
  ]).toEqual([1, 2, 0]);

  await test.pending.flush();
  const rows = await test.deps.db
    .withTables<{ pending_device: { identity: string; attempts: number } }>()
    .selectFrom('pending_device')
    .select(['identity', 'attempts'])
    .execute();
  expect(rows).toEqual([{ identity: 'ac-99', attempts: 1 }]);
});

test('another device that chooses the same client id evicts nobody', async () => {
  await using test = await openTestGateway();
  const first = await test.connect(await test.addDevice({ id: 'ac-1' }), { clientId: 'same' });
  const second = await test.connect(await test.addDevice({ id: 'ac-2' }), { clientId: 'same' });
  await first.publishAsync('devices/ac-1/telemetry', '{}', { qos: 1 });
  await second.publishAsync('devices/ac-2/telemetry', '{}', { qos: 1 });
  expect([first.connected, second.connected, test.gateway.connectedCount]).toEqual([true, true, 2]);
});

test('MQTT 5 is refused with the reason code that says so', async () => {
  await using test = await openTestGateway();
  const credentials = await test.addDevice();
  await expect(test.connect(credentials, { protocolVersion: 5 })).rejects.toMatchObject({ code: 0x84 });
  await expect(test.connect(credentials, { protocolVersion: 5 })).rejects.toThrow('Unsupported Protocol');
  expect(await test.refusals('mqtt_version')).toBe(2);
  expect((await test.connect(credentials)).connected).toBe(true);
});

test('a taken port is one sentence that names the setting', async () => {
  await using blocker = createServer();
  await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
  const address = blocker.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await expect(openTestGateway({ port })).rejects.toMatchObject({
    code: 'GATEWAY_PORT_TAKEN',
    message: expect.stringContaining('MQTT_PORT'),
  });
});

test('a payload of 2 MB ends its connection before it is buffered, and others notice nothing', async () => {
  await using test = await openTestGateway();
  const credentials = await test.addDevice({ id: 'ac-1' });
  const other = await test.connect(await test.addDevice({ id: 'ac-2' }));
  const device = await test.connect(credentials);
  const closed = new Promise<void>((resolve) => device.once('close', () => resolve()));
  device.on('error', () => undefined);
  device.publish('devices/ac-1/telemetry', Buffer.alloc(2_097_152, 0x20), { qos: 1 }, () => undefined);
  await closed;
  await other.publishAsync('devices/ac-2/telemetry', '{}', { qos: 1 });

  expect(test.deadLetters).toEqual([
    { deviceId: 'ac-1', topic: '', payload: null, code: 'GATEWAY_PAYLOAD_TOO_LARGE' },
  ]);
  expect(test.sink.messages.map(({ device: { id } }) => id)).toEqual(['ac-2']);
  expect([await test.refusals('payload_too_large'), other.connected]).toEqual([1, true]);

  const again = await test.connect(credentials);
  await again.publishAsync('devices/ac-1/telemetry', Buffer.alloc(262_144, 0x20), { qos: 1 });
  expect(test.sink.messages.at(-1)?.text).toHaveLength(262_144);
});

test('new credentials stop the old ones and drop the connection that used them', async () => {
  await using test = await openTestGateway();
  const old = await test.addDevice({ id: 'ac-1' });
  const device = await test.connect(old);
  const dropped = new Promise<void>((resolve) => device.once('close', () => resolve()));
  await test.deps.db
    .withTables<{ device: { id: string; secret_hash: Buffer } }>()
    .updateTable('device')
    .set({ secret_hash: test.deps.secrets.hash('new') })
    .where('id', '=', 'ac-1')
    .execute();
  await test.deps.registry.refresh(['ac-1']);
  await dropped;
  await expect(test.connect(old)).rejects.toMatchObject({ code: 4 });
  const renewed = await test.connect({ ...old, mqtt: { username: 'ac-1', password: 'new' } });
  expect(renewed.connected).toBe(true);
});

test('a disabled device is dropped and refused', async () => {
  await using test = await openTestGateway();
  const credentials = await test.addDevice({ id: 'ac-1' });
  const device = await test.connect(credentials);
  const dropped = new Promise<void>((resolve) => device.once('close', () => resolve()));
  await test.deps.db
    .withTables<{ device: { id: string; is_enabled: boolean } }>()
    .updateTable('device')
    .set({ is_enabled: false })
    .where('id', '=', 'ac-1')
    .execute();
  await test.deps.registry.refresh(['ac-1']);
  await dropped;
  await expect(test.connect(credentials)).rejects.toMatchObject({ code: 5 });
});

test('a deleted device is dropped and unknown from then on', async () => {
  await using test = await openTestGateway();
  const credentials = await test.addDevice({ id: 'ac-1' });
  const device = await test.connect(credentials);
  const dropped = new Promise<void>((resolve) => device.once('close', () => resolve()));
  await test.deps.db
    .withTables<{ device: { id: string } }>()
    .deleteFrom('device')
    .where('id', '=', 'ac-1')
    .execute();
  await test.deps.registry.refresh(['ac-1']);
  await dropped;
  await expect(test.connect(credentials)).rejects.toMatchObject({ code: 5 });
});

test.skipIf(!hasMosquitto)(
  'mosquitto_pub is served at QoS 0, 1 and 2, and told not to speak MQTT 5',
  async () => {
    await using test = await openTestGateway();
    const { username, password } = mqttOf(await test.addDevice({ id: 'ac-1' }));
    const publish = (...options: string[]) =>
      promisify(execFile)(MOSQUITTO, [
        ...['-h', '127.0.0.1', '-p', String(test.gateway.port), '-u', username, '-P', password],
        ...['-t', 'devices/ac-1/fault', '-m', '{"code":"E1","state":"raised"}'],
        ...options,
      ]);
    for (const qos of ['0', '1', '2']) await publish('-q', qos);
    await eventually(() => expect(test.sink.messages).toHaveLength(3));
    expect(new Set(test.sink.messages.map(({ text }) => text))).toEqual(
      new Set(['{"code":"E1","state":"raised"}']),
    );
    await expect(publish('-V', 'mqttv5')).rejects.toMatchObject({
      stderr: expect.stringMatching(/Unsupported protocol version/i),
    });
  },
);

test('a charging pile speaks OCPP: it does not get in here, though its password is right', async () => {
  await using test = await openTestGateway();
  const pile = await test.addDevice({ id: 'cp-1', kind: 'charging_pile', model: 'ac-pile-generic' });
  const connecting = test.connect({ ...pile, mqtt: { username: 'cp-1', password: ocppOf(pile).password } });
  await expect(connecting).rejects.toMatchObject({ code: 5 });
  expect([await test.refusals('other_wire'), test.gateway.connectedCount]).toEqual([1, 0]);
});
