import type { MqttClient } from 'mqtt';
import { expect, test, vi } from 'vitest';
import type { DeviceCredentials } from '#contracts/devices.ts';
import { openTestGateway, type TestGateway } from '#test/support/test-gateway.ts';

const eventually = (check: () => void | Promise<void>) =>
  vi.waitFor(check, { timeout: 20_000, interval: 10 });

/** A connection that subscribes to all of its device and then reads nothing any more. */
async function freeze(test: TestGateway, credentials: DeviceCredentials) {
  const frozen = await test.connect(credentials, { keepalive: 0 });
  frozen.on('error', () => undefined);
  await frozen.subscribeAsync(`devices/${credentials.id}/#`, { qos: 1 });
  frozen.stream.unpipe();
  frozen.stream.pause();
  return frozen;
}

async function publishMany(
  device: MqttClient,
  topic: string,
  { count, bytes }: { count: number; bytes: number },
) {
  const batch = 200;
  for (let sent = 0; sent < count; sent += batch) {
    const messages = Array.from({ length: batch }, (_, at) =>
      device.publishAsync(topic, String(sent + at + 1).padEnd(bytes), { qos: 1, retain: true }),
    );
    await Promise.all(messages);
  }
}

test('thousands of states to a subscriber that reads nothing harm nobody, then or when it goes', async () => {
  await using test = await openTestGateway();
  const credentials = await test.addDevice({ id: 'ac-1' });
  const frozen = await freeze(test, credentials);
  const device = await test.connect(credentials);
  await publishMany(device, 'devices/ac-1/state', { count: 8_000, bytes: 4_000 });
  expect(await test.refusals('state_not_routed')).toBeGreaterThan(1_000);

  const other = await test.connect(await test.addDevice({ id: 'ac-2' }));
  const heard: string[] = [];
  other.on('message', (_topic, payload) => heard.push(payload.toString()));
  await other.subscribeAsync('devices/ac-2/state', { qos: 1 });
  await other.publishAsync('devices/ac-2/state', 'while frozen', { qos: 1 });
  await eventually(() => expect(heard).toEqual(['while frozen']));

  frozen.stream.destroy();
  await eventually(() => expect(test.gateway.connectedCount).toBe(2));
  await other.publishAsync('devices/ac-2/state', 'afterwards', { qos: 1 });
  await eventually(() => expect(heard).toEqual(['while frozen', 'afterwards']));

  const late = await test.connect(credentials);
  const retained = new Promise<string>((resolve) =>
    late.once('message', (_topic, payload) => resolve(payload.toString().trim())),
  );
  await late.subscribeAsync('devices/ac-1/state');
  expect(await retained).toBe('8000');
});

test('a state over 8 KB reaches the sink, and neither subscribers nor the retained state', async () => {
  await using test = await openTestGateway();
  const device = await test.connect(await test.addDevice({ id: 'ac-1' }));
  const heard: number[] = [];
  device.on('message', (_topic, payload) => heard.push(payload.length));
  await device.subscribeAsync('devices/ac-1/#', { qos: 1 });
  await device.publishAsync('devices/ac-1/state', Buffer.alloc(8_193, 0x20), { qos: 1, retain: true });
  await device.publishAsync('devices/ac-1/state', Buffer.alloc(8_192, 0x20), { qos: 1 });
  await eventually(() => expect(heard).toEqual([8_192]));
  await device.subscribeAsync('devices/ac-1/state', { qos: 1 });
  await device.publishAsync('devices/ac-1/state', 'last', { qos: 1 });
  await eventually(() => expect(heard).toEqual([8_192, 4]));
  expect(test.sink.messages.map(({ text }) => text.length)).toEqual([8_193, 8_192, 4]);
  expect(await test.refusals('state_too_large')).toBe(1);
});

test('states sent in one burst all reach a subscriber that reads', async () => {
  await using test = await openTestGateway();
  const device = await test.connect(await test.addDevice({ id: 'ac-1' }));
  const heard: string[] = [];
  device.on('message', (_topic, payload) => heard.push(payload.toString()));
  await device.subscribeAsync('devices/ac-1/state', { qos: 1 });
  const sent = Array.from({ length: 30 }, (_, at) => String(at));
  await Promise.all(sent.map((text) => device.publishAsync('devices/ac-1/state', text, { qos: 1 })));
  await eventually(() => expect(heard).toEqual(sent));
});

test('a device that leaves 1 MB of commands unread is disconnected and counted', async () => {
  await using test = await openTestGateway();
  const credentials = await test.addDevice({ id: 'ac-1' });
  await freeze(test, credentials);
  const other = await test.connect(await test.addDevice({ id: 'ac-2' }));
  const command = 'x'.repeat(50_000);
  await eventually(() => {
    for (let sent = 0; sent < 20; sent += 1) test.gateway.publishCommand('ac-1', command);
    expect(test.gateway.isConnected('ac-1')).toBe(false);
  });
  expect([await test.refusals('slow_consumer'), await test.refusals('protocol_error')]).toEqual([1, 0]);
  await other.publishAsync('devices/ac-2/telemetry', '{}', { qos: 1 });
  expect((await test.connect(credentials)).connected).toBe(true);
});

test('a device holds its own known topics only, however many subscriptions it asks for', async () => {
  await using test = await openTestGateway();
  const device = await test.connect(await test.addDevice({ id: 'ac-1' }));
  const own = ['cmd', 'cmd/#', 'cmd/ack', 'state', 'fault', 'telemetry', '+', '#'];
  const granted = await device.subscribeAsync(own.map((topic) => `devices/ac-1/${topic}`));
  expect(granted.map(({ qos }) => qos)).toEqual(own.map(() => 0));

  const packets: number[] = [];
  device.on('packetreceive', (packet) => {
    if (packet.cmd === 'suback') packets.push(...packet.granted.map(Number));
  });
  const many = Array.from({ length: 1_000 }, (_, at) => `devices/ac-1/${at}`);
  await device.subscribeAsync(many).catch(() => undefined);
  expect(new Set(packets)).toEqual(new Set([128]));
  expect([packets.length, await test.refusals('subscription_forbidden')]).toEqual([1_000, 1_000]);
});

test('a refused message is dead-lettered with its first 16 KB and pins nothing more', async () => {
  await using test = await openTestGateway();
  const device = await test.connect(await test.addDevice({ id: 'ac-1' }));
  await device.publishAsync('devices/ac-1/unheard', Buffer.alloc(200_000, 0x61), { qos: 1 });
  const payload = test.deadLetters[0]?.payload;
  expect(payload?.toString()).toBe('a'.repeat(16_384));
  expect(payload?.buffer.byteLength).toBe(16_384);
});
