import { connect, type Socket } from 'node:net';
import { expect, test, vi } from 'vitest';
import type { DeviceCredentials } from '#contracts/devices.ts';
import { mqttOf } from '#test/support/credentials.ts';
import { openTestGateway } from '#test/support/test-gateway.ts';

const eventually = (check: () => void | Promise<void>) =>
  vi.waitFor(check, { timeout: 20_000, interval: 10 });

function field(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 0xff), bytes]);
}

function connectPacket(credentials: DeviceCredentials, keepaliveSeconds: number): Buffer {
  const { username, password } = mqttOf(credentials);
  const body = Buffer.concat([
    field('MQTT'),
    Buffer.of(4, 0b1100_0110, 0, keepaliveSeconds),
    field('raw'),
    field(`devices/${username}/state`),
    field('{"online":false}'),
    field(username),
    field(password),
  ]);
  return Buffer.concat([Buffer.of(0x10, (body.length & 0x7f) | 0x80, body.length >> 7), body]);
}

function publishPacket(topic: string, packetId: number): Buffer {
  const body = Buffer.concat([field(topic), Buffer.of(packetId >> 8, packetId & 0xff), Buffer.from('{}')]);
  return Buffer.concat([Buffer.of(0x32, body.length), body]);
}

const DISCONNECT = Buffer.of(0xe0, 0);
const PINGREQ = Buffer.of(0xc0, 0);

interface RawDevice extends Disposable {
  readonly socket: Socket;
  /** What the broker sent, as hex. */
  received(): string;
  isClosed(): boolean;
}

async function openRaw(
  port: number,
  credentials: DeviceCredentials,
  keepaliveSeconds: number,
): Promise<RawDevice> {
  const socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  let isClosed = false;
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => undefined);
  socket.on('close', () => {
    isClosed = true;
  });
  socket.write(connectPacket(credentials, keepaliveSeconds));
  const received = () => Buffer.concat(chunks).toString('hex');
  await eventually(() => expect(received()).toBe('20020000'));
  return { socket, received, isClosed: () => isClosed, [Symbol.dispose]: () => socket.destroy() };
}

test('a message is acknowledged when the sink says so, and only then', async () => {
  await using test = await openTestGateway();
  const device = await test.connect(await test.addDevice({ id: 'ac-1' }));
  const other = await test.connect(await test.addDevice({ id: 'ac-2' }));
  test.sink.hold();
  let isAcknowledged = false;
  const published = device.publishAsync('devices/ac-1/telemetry', '{}', { qos: 1 }).then(() => {
    isAcknowledged = true;
  });
  await eventually(() => expect(test.sink.messages).toHaveLength(1));
  await other.subscribeAsync('devices/ac-2/cmd');
  expect(isAcknowledged).toBe(false);
  test.sink.release();
  await published;
  expect(isAcknowledged).toBe(true);
});

test('an acknowledgement with an error drops the connection, so that the device sends again', async () => {
  await using test = await openTestGateway();
  const device = await test.connect(await test.addDevice({ id: 'ac-1' }));
  device.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => device.once('close', () => resolve()));
  test.sink.hold();
  device.publish('devices/ac-1/telemetry', '{}', { qos: 1 }, () => undefined);
  await eventually(() => expect(test.sink.messages).toHaveLength(1));
  test.sink.messages[0]?.message.acknowledge(new Error('not durable'));
  await closed;
});

test('a device that pings while its messages are withheld is answered and keeps its session', async () => {
  await using test = await openTestGateway();
  const device = await test.connect(await test.addDevice({ id: 'ac-1' }), { keepalive: 1 });
  let pings = 0;
  device.on('packetreceive', ({ cmd }) => {
    if (cmd === 'pingresp') pings += 1;
  });
  test.sink.hold();
  const published = Promise.all(
    Array.from({ length: 40 }, () => device.publishAsync('devices/ac-1/telemetry', '{}', { qos: 1 })),
  );
  await eventually(() => expect(pings).toBeGreaterThanOrEqual(3));
  expect(device.connected).toBe(true);
  test.sink.release();
  await published;
  expect([test.sink.messages.length, await test.refusals('keepalive_timeout')]).toEqual([40, 0]);
});

test('a silent device with withheld messages outlives its keepalive; one without does not', async () => {
  await using test = await openTestGateway();
  using waiting = await openRaw(test.gateway.port, await test.addDevice({ id: 'ac-1' }), 1);
  test.sink.hold();
  waiting.socket.write(publishPacket('devices/ac-1/telemetry', 7));
  await eventually(() => expect(test.sink.messages).toHaveLength(1));
  using silent = await openRaw(test.gateway.port, await test.addDevice({ id: 'ac-2' }), 1);
  await eventually(() => expect(silent.isClosed()).toBe(true));
  expect(waiting.isClosed()).toBe(false);
  test.sink.release();
  await eventually(() => expect(waiting.received()).toBe('2002000040020007'));
  await eventually(() => expect(waiting.isClosed()).toBe(true));
  expect(await test.refusals('keepalive_timeout')).toBe(2);
});

test('what a device sent before it closed its socket is read to the end, whatever was withheld', async () => {
  await using test = await openTestGateway();
  using device = await openRaw(test.gateway.port, await test.addDevice({ id: 'ac-1' }), 60);
  const burst = (from: number) =>
    Buffer.concat(Array.from({ length: 300 }, (_, at) => publishPacket('devices/ac-1/telemetry', from + at)));
  test.sink.hold();
  device.socket.write(burst(1));
  await eventually(() => expect(test.sink.messages.length).toBeGreaterThan(0));
  device.socket.write(Buffer.concat([burst(301), PINGREQ]));
  await eventually(() => expect(device.received()).toContain('d000'));
  device.socket.end(Buffer.concat([burst(601), DISCONNECT]));
  test.sink.release();
  await eventually(() => expect(test.sink.presences).toEqual(['ac-1 online', 'ac-1 offline']));
  expect(test.sink.messages.map(({ message }) => message.packetId)).toEqual(
    Array.from({ length: 900 }, (_, at) => at + 1),
  );
});

test('a connection with many withheld messages is not read on', async () => {
  await using test = await openTestGateway();
  using device = await openRaw(test.gateway.port, await test.addDevice({ id: 'ac-1' }), 60);
  test.sink.hold();
  const sent = 20_000;
  for (let id = 1; id <= sent; id += 1) device.socket.write(publishPacket('devices/ac-1/telemetry', id));
  await eventually(() => expect(test.sink.messages.length).toBeGreaterThanOrEqual(1_024));
  using other = await openRaw(test.gateway.port, await test.addDevice({ id: 'ac-2' }), 60);
  expect(other.isClosed()).toBe(false);
  expect(test.sink.messages.length).toBeLessThan(6_000);
  test.sink.release();
  await eventually(() => expect(test.sink.messages).toHaveLength(sent));
});

test('a connection with megabytes of withheld messages is not read on', async () => {
  await using test = await openTestGateway();
  const device = await test.connect(await test.addDevice({ id: 'ac-1' }));
  test.sink.hold();
  const large = Buffer.alloc(200_000, 0x20);
  const published = Promise.all(
    Array.from({ length: 100 }, () => device.publishAsync('devices/ac-1/telemetry', large, { qos: 1 })),
  );
  await eventually(() => expect(test.sink.messages.length).toBeGreaterThanOrEqual(21));
  const other = await test.connect(await test.addDevice({ id: 'ac-2' }));
  expect(other.connected).toBe(true);
  expect(test.sink.messages.length).toBeLessThan(30);
  test.sink.release();
  await published;
  expect(test.sink.messages).toHaveLength(100);
});

test('stopping waits for the acknowledgements that are owed, then reports every device offline', async () => {
  await using test = await openTestGateway();
  const device = await test.connect(await test.addDevice({ id: 'ac-1' }), {
    will: { topic: 'devices/ac-1/state', payload: Buffer.from('{"online":false}'), qos: 1, retain: true },
  });
  test.sink.hold();
  const published = device.publishAsync('devices/ac-1/telemetry', '{}', { qos: 1 });
  await eventually(() => expect(test.sink.messages).toHaveLength(1));
  const stopped = test.gateway[Symbol.asyncDispose]();
  test.sink.release();
  await Promise.all([published, stopped]);
  expect(test.sink.messages).toHaveLength(1);
  expect(test.sink.presences).toEqual(['ac-1 online', 'ac-1 offline']);
  await expect(test.connect(await test.addDevice({ id: 'ac-2' }))).rejects.toThrow();
});
