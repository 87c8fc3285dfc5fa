import { createServer, connect as dial } from 'node:net';
import { expect, test } from 'vitest';
import { ocppOf } from '#test/support/credentials.ts';
import { eventually } from '#test/support/eventually.ts';
import { openTestOcpp, type TestOcpp } from '#test/support/test-ocpp.ts';

const AVAILABLE = { connectorId: 1, errorCode: 'NoError', status: 'Available' };

const refusal = (connecting: Promise<unknown>) =>
  connecting.then(
    () => 0,
    (error: { code: number }) => error.code,
  );

/** Sends an upgrade by hand and resolves to the first line of the answer. */
function upgradeByHand(port: number, path: string, headers: readonly string[] = []): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = dial(port, '127.0.0.1');
    const lines = [
      `GET ${path} HTTP/1.1`,
      'Host: x',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Protocol: ocpp1.6',
      ...headers,
    ];
    let text = '';
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(text.split('\r\n')[0] ?? ''));
  });
}

async function connected(ocpp: TestOcpp, id = 'cp-1') {
  return ocpp.connect(await ocpp.addStation({ id }));
}

test('an unknown station is refused and waits on the list; a known one needs its own password', async () => {
  await using ocpp = await openTestOcpp();
  const known = await ocpp.addStation();
  const { password } = ocppOf(known);
  expect(await refusal(ocpp.connect({ ...known, id: 'stranger' }))).toBe(404);
  expect(await refusal(ocpp.connect(known, { password: 'f'.repeat(40) }))).toBe(401);
  expect(await refusal(ocpp.connect(known, { password: null }))).toBe(401);
  const other = ocppOf(await ocpp.addStation({ id: 'cp-2' }));
  expect(await refusal(ocpp.connect(known, { password: other.password }))).toBe(401);
  const basic = Buffer.from(`cp-2:${other.password}`).toString('base64');
  expect(await upgradeByHand(ocpp.gateway.port, '/ocpp/cp-1', [`Authorization: Basic ${basic}`])).toMatch(
    /401/,
  );
  await ocpp.pending.flush();
  const rows = await ocpp.deps.db
    .withTables<{ pending_device: { identity: string; protocol: string } }>()
    .selectFrom('pending_device')
    .select(['identity', 'protocol'])
    .execute();
  expect(rows).toEqual([{ identity: 'stranger', protocol: 'ocpp' }]);
  expect([await ocpp.refusals('unknown_identity'), await ocpp.refusals('wrong_password')]).toEqual([1, 4]);
  for (const form of [password, password.toUpperCase(), Buffer.from(password, 'hex')]) {
    const station = await ocpp.connect(known, { password: form });
    expect(await station.call('Heartbeat')).toBeDefined();
  }
});

test('an air conditioner is no station, and a disabled one may not connect', async () => {
  await using ocpp = await openTestOcpp();
  const { mqtt, ...unit } = await ocpp.addStation({ id: 'ac-1', kind: 'ac_unit', model: 'split-generic' });
  const ocppLike = { url: '', password: mqtt?.password ?? '' };
  expect(await refusal(ocpp.connect({ ...unit, ocpp: ocppLike }))).toBe(404);
  const pile = await ocpp.addStation();
  const device = ocpp.deps.registry.findByUsername('cp-1');
  Object.assign(device ?? {}, { isEnabled: false });
  expect(await refusal(ocpp.connect(pile))).toBe(403);
});

test('without a subprotocol that we speak the handshake is completed and the connection closed at once', async () => {
  await using ocpp = await openTestOcpp();
  const known = await ocpp.addStation();
  const silent = await ocpp.connect(known, { protocols: [] });
  expect(await silent.closed).toMatchObject({ code: 1002 });
  await expect(ocpp.connect(known, { protocols: ['ocpp2.1', 'ocpp9'] })).rejects.toThrow(/no subprotocol/);
  expect([await ocpp.refusals('no_subprotocol'), await ocpp.refusals('foreign_subprotocol')]).toEqual([1, 1]);
  expect(ocpp.sink.presences).toEqual([]);
  const both = await ocpp.connect(known, { protocols: ['ocpp2.0.1', 'ocpp1.6'] });
  expect(both.client.protocol).toBe('ocpp1.6');
});

test('a path that is none is answered and harms nobody', async () => {
  await using ocpp = await openTestOcpp();
  const station = await connected(ocpp);
  const { port } = ocpp.gateway;
  expect(await upgradeByHand(port, '/ocpp/%zz')).toBe('HTTP/1.1 400 Bad Request');
  expect(await upgradeByHand(port, '/ocpp/%E0%A4%A')).toBe('HTTP/1.1 400 Bad Request');
  for (const path of [
    '/',
    '//',
    '/ocpp',
    '/ocpp/',
    '/other/cp-1',
    '/ocpp/a/cp-1',
    '/ocpp/..',
    '/ocpp/a%2Fb',
    '//ocpp/cp-1',
    '/ocpp/x\\cp-1',
    `/ocpp/${'a'.repeat(10_000)}`,
  ]) {
    expect(await upgradeByHand(port, path), path).toBe('HTTP/1.1 404 Not Found');
  }
  expect(await upgradeByHand(port, '/ocpp/cp-1', ['Authorization: Basic %%%'])).toMatch(/401/);
  expect(await station.call('Heartbeat')).toBeDefined();
  expect([await ocpp.refusals('malformed_path'), await ocpp.refusals('unknown_path')]).toEqual([2, 8]);
});

test('a frame of 4 MB closes its connection with 1009 and nobody else notices', async () => {
  await using ocpp = await openTestOcpp();
  const sick = await connected(ocpp, 'sick');
  const healthy = await connected(ocpp, 'healthy');
  sick.client.sendRaw(
    JSON.stringify([2, '1', 'DataTransfer', { vendorId: 'x', data: 'x'.repeat(4_194_304) }]),
  );
  expect(await sick.closed).toMatchObject({ code: 1009 });
  expect(await healthy.call('Heartbeat')).toBeDefined();
  expect(await ocpp.refusals('payload_too_large')).toBe(1);
  expect(ocpp.deadLetters).toEqual([
    {
      deviceId: 'sick',
      topic: 'devices/sick/ocpp',
      field: '',
      payload: null,
      code: 'GATEWAY_PAYLOAD_TOO_LARGE',
    },
  ]);
  await eventually(async () => expect(ocpp.sink.presences.at(-1)).toBe('sick offline'));
});

test('a station that does not wait for answers is read no further, and loses nothing', async () => {
  await using ocpp = await openTestOcpp();
  const station = await connected(ocpp);
  station.rush();
  ocpp.sink.hold();
  const data = 'x'.repeat(20_000);
  const calls = Array.from({ length: 500 }, (_, n) =>
    station.call('DataTransfer', { vendorId: `v${n}`, data }),
  );
  await ocpp.reaches(1);
  ocpp.sink.release();
  await Promise.all(calls);
  expect(ocpp.logged().map(([, payload]) => (payload as { vendorId: string }).vendorId)).toEqual(
    Array.from({ length: 500 }, (_, n) => `v${n}`),
  );
});

test('the newer of two connections of a station wins, and the station was never absent', async () => {
  await using ocpp = await openTestOcpp();
  const known = await ocpp.addStation();
  const older = await ocpp.connect(known);
  const newer = await ocpp.connect(known);
  expect(await older.closed).toMatchObject({ code: 1008 });
  expect(await newer.call('Heartbeat')).toBeDefined();
  expect(ocpp.sink.presences).toEqual(['cp-1 online']);
  expect([ocpp.gateway.connectedCount, await ocpp.refusals('superseded')]).toEqual([1, 1]);
  await newer.client.close({ code: 1000, reason: '' });
  await eventually(async () => expect(ocpp.sink.presences).toEqual(['cp-1 online', 'cp-1 offline']));
  expect(ocpp.gateway.isConnected('cp-1')).toBe(false);
});

test('a silent station is dropped, one that answers pings is not', async () => {
  await using ocpp = await openTestOcpp({ pingAfterMs: 40, dropAfterMs: 200 });
  const alive = await connected(ocpp, 'alive');
  const { password } = ocppOf(await ocpp.addStation({ id: 'dead' }));
  const basic = Buffer.from(`dead:${password}`).toString('base64');
  expect(await upgradeByHand(ocpp.gateway.port, '/ocpp/dead', [`Authorization: Basic ${basic}`])).toMatch(
    /101/,
  );
  await eventually(async () =>
    expect(ocpp.sink.presences).toEqual(['alive online', 'dead online', 'dead offline']),
  );
  expect(await ocpp.refusals('silent')).toBe(1);
  expect(await alive.call('Heartbeat')).toBeDefined();
});

test('new credentials cut a station off', async () => {
  await using ocpp = await openTestOcpp();
  const known = await ocpp.addStation();
  const station = await ocpp.connect(known);
  await ocpp.deps.db
    .withTables<{ device: { id: string; secret_hash: Buffer } }>()
    .updateTable('device')
    .set({ secret_hash: ocpp.deps.secrets.hash('new') })
    .where('id', '=', 'cp-1')
    .execute();
  await ocpp.deps.registry.refresh(['cp-1']);
  expect(ocpp.sink.presences).toEqual(['cp-1 online', 'cp-1 offline']);
  expect(await station.closed).toMatchObject({ code: 1008 });
  expect(await refusal(ocpp.connect(known))).toBe(401);
});

test('a taken port is one sentence that names the setting', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as { port: number };
  await expect(openTestOcpp({ port })).rejects.toMatchObject({
    code: 'GATEWAY_PORT_TAKEN',
    message: expect.stringMatching(/^port \d+ on 127\.0\.0\.1 is taken .* OCPP_PORT to another port$/),
  });
  other.close();
});

test('stopping answers what the log still takes, then says goodbye', async () => {
  await using ocpp = await openTestOcpp();
  const station = await connected(ocpp);
  ocpp.sink.hold();
  const call = station.call('StatusNotification', AVAILABLE);
  await ocpp.reaches(1);
  const stopped = ocpp.gateway[Symbol.asyncDispose]();
  ocpp.sink.release();
  expect(await call).toEqual({});
  expect(await station.closed).toMatchObject({ code: 1001 });
  await stopped;
  expect(ocpp.sink.presences).toEqual(['cp-1 online', 'cp-1 offline']);
});
