import { connect, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import type { DeviceCredentials } from '#contracts/devices.ts';
import { ocppOf } from '#test/support/credentials.ts';
import { eventually } from '#test/support/eventually.ts';
import { openTestOcpp, type TestOcpp } from '#test/support/test-ocpp.ts';

const TEXT = 1;
const BINARY = 2;
const PING = 9;
const CONTINUED = 0;

/** One masked frame; the mask is zero, so that the bytes are as they are written here. */
function frame(content: string | Buffer, { opcode = TEXT, isLast = true } = {}): Buffer {
  const data = Buffer.from(content as string);
  const first = (isLast ? 0x80 : 0) | opcode;
  const mask = [0, 0, 0, 0];
  if (data.length < 126) return Buffer.concat([Buffer.from([first, 0x80 | data.length, ...mask]), data]);
  const head = Buffer.from([first, 0x80 | 127, 0, 0, 0, 0, 0, 0, 0, 0, ...mask]);
  head.writeUInt32BE(data.length, 6);
  return Buffer.concat([head, data]);
}

interface RawStation {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  send(...frames: Buffer[]): void;
  /** Resolves when the text has been heard. */
  hears(text: string): Promise<void>;
  heard(): string;
}

function ended(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

/** Writes the bytes again and again until the connection is cut. */
async function pour({ socket, closed }: RawStation, bytes: Buffer): Promise<void> {
  while (!socket.destroyed) {
    if (socket.write(bytes)) continue;
    await Promise.race([closed, new Promise((resolve) => socket.once('drain', resolve))]);
  }
}

/** A station that writes its bytes itself. */
async function openRaw(ocpp: TestOcpp, credentials: DeviceCredentials): Promise<RawStation> {
  const { id } = credentials;
  const socket = connect(ocpp.gateway.port, '127.0.0.1');
  socket.on('error', () => undefined);
  const closed = ended(socket);
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  const station: RawStation = {
    socket,
    closed,
    send: (...frames) => void socket.write(Buffer.concat(frames)),
    hears: (wanted) => eventually(async () => expect(text).toContain(wanted)),
    heard: () => text,
  };
  const basic = Buffer.from(`${id}:${ocppOf(credentials).password}`).toString('base64');
  socket.write(
    [
      `GET /ocpp/${id} HTTP/1.1`,
      'Host: x',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Protocol: ocpp1.6',
      `Authorization: Basic ${basic}`,
      '\r\n',
    ].join('\r\n'),
  );
  await station.hears('101 Switching Protocols');
  return station;
}

const rawStation = async (ocpp: TestOcpp, id = 'cp-1') => openRaw(ocpp, await ocpp.addStation({ id }));
const call = (id: string, action: string, payload: object = {}) =>
  frame(JSON.stringify([2, id, action, payload]));
const BEAT = call('beat', 'Heartbeat');

test('a call in fragments or in a binary frame is a call', async () => {
  await using ocpp = await openTestOcpp();
  const station = await rawStation(ocpp);
  station.send(
    frame('[2,"parts","Heart', { isLast: false }),
    frame('p', { opcode: PING }),
    frame('beat",{}]', { opcode: CONTINUED }),
    frame('[2,"bytes","Heartbeat",{}]', { opcode: BINARY }),
  );
  await station.hears('[3,"parts"');
  await station.hears('[3,"bytes"');
});

test.each([
  ['text that is no UTF-8', frame(Buffer.from([0x5b, 0xff, 0x5d]))],
  ['a frame of no known kind', frame('x', { opcode: 5 })],
  ['a frame without a mask', Buffer.from([0x81, 2, 0x5b, 0x5d])],
  ['a continuation of nothing', frame('x', { opcode: CONTINUED })],
])('%s ends the connection and is counted', async (_, bytes) => {
  await using ocpp = await openTestOcpp();
  const station = await rawStation(ocpp);
  station.send(bytes);
  await station.closed;
  expect(await ocpp.refusals('protocol_error')).toBe(1);
  await eventually(async () => expect(ocpp.sink.presences.at(-1)).toBe('cp-1 offline'));
});

test('a message that never ends is cut off at its cap', async () => {
  await using ocpp = await openTestOcpp();
  const station = await rawStation(ocpp);
  const part = 'x'.repeat(60_000);
  station.send(frame(part, { isLast: false }));
  for (let n = 0; n < 5; n += 1) station.send(frame(part, { opcode: CONTINUED, isLast: false }));
  await station.closed;
  expect(await ocpp.refusals('payload_too_large')).toBe(1);
});

test.each([
  ['nested 100,000 deep', `[2,"odd","DataTransfer",{"vendorId":"v","data":${nested(100_000)}}]`],
  ['nested 100,000 deep, and no object', `[2,"odd","DataTransfer",${nested(100_000)}]`],
  ['with keys of the prototype', '[2,"odd","StatusNotification",{"__proto__":{"connectorId":1}}]'],
  ['with a number beyond all bounds', '[2,"odd","StatusNotification",{"connectorId":1e999}]'],
  ['of an action of the prototype', '[2,"odd","__proto__",{}]'],
])('a call %s is refused, and the station is heard on', async (_, text) => {
  await using ocpp = await openTestOcpp();
  const station = await rawStation(ocpp);
  station.send(frame(text), BEAT);
  await station.hears('[4,"odd",');
  await station.hears('[3,"beat"');
  expect(ocpp.deadLetters).toHaveLength(1);
  expect(ocpp.logged()).toEqual([]);
});

function nested(depth: number): string {
  return '['.repeat(depth) + ']'.repeat(depth);
}

test('whatever text is an id, a call gets its answer', async () => {
  await using ocpp = await openTestOcpp();
  const station = await rawStation(ocpp);
  for (const id of ['', '-1', 'RpcFrameworkError', 'n\0l']) station.send(call(id, 'Nope'));
  for (const id of ['""', '"-1"', '"RpcFrameworkError"', '"n\\u0000l"']) {
    await station.hears(`[4,${id},"NotImplemented"`);
  }
});

test('a dead letter names its action in whole characters, and nobody however the frame is cut', async () => {
  await using ocpp = await openTestOcpp();
  const station = await rawStation(ocpp);
  const filler = 'x'.repeat(16_340);
  station.send(frame('[2,"half","Nope\\ud83d",{}]'));
  station.send(frame(`[2,"long","Nope",{"a":"${filler}","idTag":"ALICE IN CHAINS"}]`));
  await station.hears('[4,"long"');
  station.send(frame('[2,"torn","Nope",{"idTag":"ALICE'), BEAT);
  await station.hears('[3,"beat"');
  expect(ocpp.deadLetters.map(({ field }) => field)).toEqual(['Nope\ufffd', 'Nope', '']);
  expect(ocpp.deadLetters.map(({ payload }) => payload?.toString()).join()).not.toContain('ALI');
});

test('10,000 calls without waiting are all answered, a few in hand at a time', async () => {
  await using ocpp = await openTestOcpp();
  const station = await rawStation(ocpp);
  ocpp.sink.hold();
  const data = 'x'.repeat(200);
  const calls = Array.from({ length: 10_000 }, (_, n) =>
    call(`c${n}`, 'DataTransfer', { vendorId: 'v', data }),
  );
  station.send(...calls, BEAT);
  await ocpp.reaches(1);
  const other = await rawStation(ocpp, 'cp-2');
  other.send(BEAT);
  await other.hears('[3,"beat"');
  expect(ocpp.logged()).toHaveLength(1);
  ocpp.sink.release();
  await station.hears('[3,"beat"');
  expect(ocpp.logged()).toHaveLength(10_000);
});

test('answers that nobody asked for cost the station nothing; pings without end cost it its connection', async () => {
  await using ocpp = await openTestOcpp();
  const station = await rawStation(ocpp);
  const other = await rawStation(ocpp, 'cp-2');
  station.send(...Array.from({ length: 1_000 }, (_, n) => frame(`[3,"u${n}",{}]`)), BEAT);
  await station.hears('[3,"beat"');
  expect(await ocpp.refusals('unexpected_answer')).toBe(1_000);
  station.socket.pause();
  const pings = Buffer.concat(Array.from({ length: 1_000 }, () => frame('p'.repeat(100), { opcode: PING })));
  await pour(station, pings);
  other.send(BEAT);
  await other.hears('[3,"beat"');
});

test('a station that does not read what it is sent is cut off before it costs memory', async () => {
  await using ocpp = await openTestOcpp();
  const station = await rawStation(ocpp);
  const healthy = await rawStation(ocpp, 'cp-2');
  station.socket.pause();
  await pour(station, call('x'.repeat(100_000), 'Heartbeat'));
  expect(await ocpp.refusals('slow_consumer')).toBe(1);
  healthy.send(BEAT);
  await healthy.hears('[3,"beat"');
  await eventually(async () => expect(ocpp.gateway.connectedCount).toBe(1));
});

test('who never finishes a request, or sends none of WebSocket, is cut off and counted', async () => {
  await using ocpp = await openTestOcpp({ handshakeWithinMs: 100 });
  const dial = (text: string) => {
    const socket = connect(ocpp.gateway.port, '127.0.0.1', () => socket.write(text));
    socket.on('error', () => undefined).resume();
    return ended(socket);
  };
  await dial('GET /ocpp/cp-1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n');
  expect(await ocpp.refusals('handshake_timeout')).toBe(1);
  await dial('\u0016\u0003\u0001 this is TLS\r\n\r\n');
  const upgrade = 'GET /ocpp/cp-1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n';
  await dial(`${upgrade}Upgrade: h2c\r\n\r\n`);
  await dial(`${upgrade}Upgrade: websocket\r\nSec-WebSocket-Protocol: ,,\r\n\r\n`);
  expect(await ocpp.refusals('malformed_handshake')).toBe(3);
});

test('a station that is disabled or removed while connected is cut off', async () => {
  await using ocpp = await openTestOcpp();
  const one = await rawStation(ocpp, 'cp-1');
  const two = await rawStation(ocpp, 'cp-2');
  const db = ocpp.deps.db.withTables<{ device: { id: string; is_enabled: boolean } }>();
  await db.updateTable('device').set({ is_enabled: false }).where('id', '=', 'cp-1').execute();
  await db.deleteFrom('device').where('id', '=', 'cp-2').execute();
  await ocpp.deps.registry.refresh(['cp-1', 'cp-2']);
  expect([ocpp.gateway.connectedCount, await ocpp.refusals('kicked')]).toEqual([0, 2]);
  one.send(call('late', 'DataTransfer', { vendorId: 'v' }));
  two.send(call('late', 'DataTransfer', { vendorId: 'v' }));
  await Promise.all([one.hears('not registered any more'), two.hears('not registered any more')]);
  expect(ocpp.logged()).toEqual([]);
});
