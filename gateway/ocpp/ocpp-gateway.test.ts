import { createServer, connect as dial } from 'node:net';
import { expect, test } from 'vitest';
import { ocppOf } from '#test/support/credentials.ts';
import { eventually } from '#test/support/eventually.ts';
import { openTestOcpp, type TestOcpp } from '#test/support/test-ocpp.ts';

const BOOT = { chargePointVendor: 'Terra', chargePointModel: 'AC-7' };
const AVAILABLE = { connectorId: 1, errorCode: 'NoError', status: 'Available' };
const START = { connectorId: 1, idTag: 'ALICE', meterStart: 100, timestamp: '2026-11-22T01:00:00Z' };

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

test('a station boots, beats, authorizes and charges, and what is data reaches the log without tags', async () => {
  await using ocpp = await openTestOcpp();
  const station = await connected(ocpp);
  expect(await station.call('BootNotification', BOOT)).toMatchObject({ status: 'Accepted', interval: 300 });
  expect(await station.call('Heartbeat')).toMatchObject({ currentTime: expect.stringMatching(/Z$/) });
  expect(await station.call('Authorize', { idTag: 'ALICE' })).toEqual({ idTagInfo: { status: 'Accepted' } });
  expect(await station.call('StatusNotification', AVAILABLE)).toEqual({});
  const started = (await station.call('StartTransaction', START)) as { transactionId: number };
  expect(started).toEqual({ transactionId: 1, idTagInfo: { status: 'Accepted' } });
  const meterValue = [{ timestamp: '2026-11-22T01:01:00Z', sampledValue: [{ value: '230', unit: 'V' }] }];
  expect(await station.call('MeterValues', { connectorId: 1, transactionId: 1, meterValue })).toEqual({});
  const stop = { transactionId: 1, meterStop: 900, timestamp: '2026-11-22T02:00:00Z', idTag: 'ALICE' };
  expect(await station.call('StopTransaction', stop)).toEqual({ idTagInfo: { status: 'Accepted' } });
  expect(await station.call('FirmwareStatusNotification', { status: 'Idle' })).toEqual({});
  expect(await station.call('DiagnosticsStatusNotification', { status: 'Idle' })).toEqual({});
  expect(await station.call('DataTransfer', { vendorId: 'aftercare' })).toEqual({ status: 'Accepted' });
  expect(await station.call('DataTransfer', { vendorId: 'x' })).toEqual({ status: 'UnknownVendorId' });

  expect(ocpp.logged().map(([action]) => action)).toEqual([
    'BootNotification',
    'StatusNotification',
    'StartTransaction',
    'MeterValues',
    'StopTransaction',
    'FirmwareStatusNotification',
    'DiagnosticsStatusNotification',
    'DataTransfer',
    'DataTransfer',
  ]);
  expect(ocpp.logged()[2]).toEqual([
    'StartTransaction',
    { connectorId: 1, meterStart: 100, timestamp: START.timestamp },
    { transactionId: 1 },
  ]);
  expect(JSON.stringify(ocpp.logged())).not.toContain('ALICE');
  const [first] = ocpp.sink.messages;
  expect(first?.message).toMatchObject({
    protocol: 'ocpp',
    channel: 'ocpp',
    qos: 1,
    isDuplicateFlagged: false,
  });
  expect(first?.message.session).toMatch(/^cp-1\/.{36}$/);
});

test('an unknown station is refused and waits on the list; a known one needs its own password', async () => {
  await using ocpp = await openTestOcpp();
  const known = await ocpp.addStation();
  const { password } = ocppOf(known);
  expect(await refusal(ocpp.connect({ ...known, id: 'stranger' }))).toBe(404);
  expect(await refusal(ocpp.connect(known, { password: 'f'.repeat(40) }))).toBe(401);
  expect(await refusal(ocpp.connect(known, { password: null }))).toBe(401);
  await ocpp.pending.flush();
  const rows = await ocpp.deps.db
    .withTables<{ pending_device: { identity: string; protocol: string } }>()
    .selectFrom('pending_device')
    .select(['identity', 'protocol'])
    .execute();
  expect(rows).toEqual([{ identity: 'stranger', protocol: 'ocpp' }]);
  expect([await ocpp.refusals('unknown_identity'), await ocpp.refusals('wrong_password')]).toEqual([1, 2]);
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
  ]) {
    expect(await upgradeByHand(port, path), path).toBe('HTTP/1.1 404 Not Found');
  }
  expect(await upgradeByHand(port, '/ocpp/cp-1', ['Authorization: Basic %%%'])).toMatch(/401/);
  expect(await station.call('Heartbeat')).toBeDefined();
  expect([await ocpp.refusals('malformed_path'), await ocpp.refusals('unknown_path')]).toEqual([2, 6]);
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
    { deviceId: 'sick', topic: '', payload: null, code: 'GATEWAY_PAYLOAD_TOO_LARGE' },
  ]);
  await eventually(async () => expect(ocpp.sink.presences.at(-1)).toBe('sick offline'));
});

test('a call that breaks its schema is refused without our internals, and kept raw', async () => {
  await using ocpp = await openTestOcpp();
  const station = await connected(ocpp);
  const wrong = { connectorId: 'one', errorCode: 'NoError', status: 'Available', secret: 'x'.repeat(2_000) };
  const error = await station.call('StatusNotification', wrong).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ rpcErrorCode: expect.stringMatching(/Violation$/), details: {} });
  expect((error as Error).message.length).toBeLessThanOrEqual(255);
  expect((error as Error).message).not.toContain('xxx');
  await expect(station.call('StatusNotification', { ...AVAILABLE, connectorId: -5 })).rejects.toMatchObject({
    rpcErrorCode: 'FormationViolation',
  });
  await expect(station.call('StartTransaction', { idTag: 'ALICE' })).rejects.toBeDefined();
  await expect(station.call('Reset', { type: 'Soft' })).rejects.toMatchObject({
    rpcErrorCode: 'NotImplemented',
  });
  expect(ocpp.deadLetters.map(({ topic, code }) => `${topic} ${code}`)).toEqual([
    'StatusNotification GATEWAY_CALL_INVALID',
    'StatusNotification GATEWAY_CALL_INVALID',
    'StartTransaction GATEWAY_CALL_INVALID',
    'Reset GATEWAY_ACTION_UNKNOWN',
  ]);
  expect(ocpp.deadLetters[0]?.payload?.toString()).toContain('"connectorId":"one"');
  expect(ocpp.deadLetters[2]?.payload?.toString()).toMatch(/"StartTransaction",\{"idTag":"-"\}\]$/);
  expect(await ocpp.calls('StatusNotification', 'invalid')).toBe(2);
  expect(await ocpp.calls('other', 'unsupported')).toBe(1);
  expect(await station.call('StatusNotification', AVAILABLE)).toEqual({});
});

test('an error code outside the enum and a fault without an error are answered and kept as they are', async () => {
  await using ocpp = await openTestOcpp();
  const station = await connected(ocpp);
  const odd = { connectorId: 1, errorCode: 'Coolant pump stalled', status: 'Faulted' };
  expect(await station.call('StatusNotification', odd)).toEqual({});
  expect(await station.call('StatusNotification', { ...odd, errorCode: 'NoError' })).toEqual({});
  expect(ocpp.logged().map(([, payload]) => payload)).toEqual([odd, { ...odd, errorCode: 'NoError' }]);
  expect(ocpp.deadLetters).toEqual([]);
});

test('frames that are no call are counted and kept, and the connection goes on', async () => {
  await using ocpp = await openTestOcpp();
  const station = await connected(ocpp);
  for (const frame of ['not json', '{}', '[2]', '[2,7,"Heartbeat",{}]', '[9,"id",{}]', '[3,"unasked",{}]']) {
    station.client.sendRaw(frame);
  }
  const heard: string[] = [];
  station.client.on('message', ({ message, outbound }: { message: string; outbound: boolean }) => {
    if (!outbound) heard.push(message);
  });
  station.client.sendRaw('[2,"m1",7,{}]');
  expect(await station.call('Heartbeat')).toBeDefined();
  expect(heard).toHaveLength(2);
  expect(heard[0]).toMatch(/^\[4,"m1","FormationViolation"/);
  expect(ocpp.deadLetters.map(({ code }) => code)).toEqual(Array(5).fill('GATEWAY_FRAME_MALFORMED'));
  expect([
    await ocpp.refusals('malformed_frame'),
    await ocpp.refusals('unknown_message_type'),
    await ocpp.refusals('unexpected_answer'),
  ]).toEqual([5, 1, 1]);
});

test('an empty payload may be null, as 1.6 allows', async () => {
  await using ocpp = await openTestOcpp();
  const station = await connected(ocpp);
  expect(await station.client.call('Heartbeat', null)).toBeDefined();
});

test('a CALLRESULT follows the log, in the order of the calls', async () => {
  await using ocpp = await openTestOcpp();
  const station = await connected(ocpp);
  station.rush();
  const answered: string[] = [];
  ocpp.sink.hold();
  const calls = [
    station.call('StatusNotification', AVAILABLE).then(() => answered.push('status')),
    station.call('Heartbeat').then(() => answered.push('heartbeat')),
    station.call('DataTransfer', { vendorId: 'x' }).then(() => answered.push('data')),
  ];
  const other = await connected(ocpp, 'cp-2');
  expect(await other.call('Heartbeat')).toBeDefined();
  expect([answered, ocpp.logged().length]).toEqual([[], 1]);
  ocpp.sink.release();
  await Promise.all(calls);
  expect(answered).toEqual(['status', 'heartbeat', 'data']);
});

test('a call repeated while the first is in hand gets one answer', async () => {
  await using ocpp = await openTestOcpp();
  const station = await connected(ocpp);
  const heard: string[] = [];
  station.client.on('message', ({ message, outbound }: { message: string; outbound: boolean }) => {
    if (!outbound) heard.push(message);
  });
  ocpp.sink.hold();
  const frame = JSON.stringify([2, 'same', 'StatusNotification', AVAILABLE]);
  station.client.sendRaw(frame);
  station.client.sendRaw(frame);
  await ocpp.reaches(1);
  ocpp.sink.release();
  await station.call('Heartbeat');
  expect(heard.filter((text) => text.includes('"same"'))).toEqual(['[3,"same",{}]']);
});

test('what the log refuses is not answered: the station is sent away to send it again', async () => {
  await using ocpp = await openTestOcpp();
  const station = await connected(ocpp);
  ocpp.sink.hold();
  const call = station.call('StatusNotification', AVAILABLE).then(
    () => 'answered',
    () => 'unanswered',
  );
  await ocpp.reaches(1);
  ocpp.sink.release(new Error('the disk is full'));
  expect(await call).toBe('unanswered');
  expect(await station.closed).toMatchObject({ code: 1011 });
  expect(await ocpp.refusals('log_refused')).toBe(1);
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

test('a station goes on without a new BootNotification after our restart, and its start keeps its id', async () => {
  await using ocpp = await openTestOcpp();
  const known = await ocpp.addStation();
  const before = await ocpp.connect(known);
  await before.call('BootNotification', BOOT);
  const first = (await before.call('StartTransaction', START)) as { transactionId: number };
  expect(await before.call('StartTransaction', START)).toEqual(first);
  await ocpp.restart();
  expect(await before.closed).toMatchObject({ code: 1001 });
  ocpp.facts.started.set(
    ['cp-1', 'connector-1', Date.parse(START.timestamp), 100].join(),
    first.transactionId,
  );
  const after = await ocpp.connect(known);
  expect(await after.call('StartTransaction', START)).toEqual(first);
  const next = (await after.call('StartTransaction', { ...START, meterStart: 200 })) as typeof first;
  expect(next.transactionId).not.toBe(first.transactionId);
});

test('charging goes on while the database is away', async () => {
  await using ocpp = await openTestOcpp();
  const station = await connected(ocpp);
  ocpp.facts.isAway = true;
  expect(await station.call('StartTransaction', START)).toMatchObject({ transactionId: 1 });
  const stop = { transactionId: 77, meterStop: 900, timestamp: '2026-11-22T02:00:00Z' };
  expect(await station.call('StopTransaction', stop)).toEqual({});
});

test('the end of a transaction that we never started is answered, kept and counted', async () => {
  await using ocpp = await openTestOcpp();
  const station = await connected(ocpp);
  const stop = { transactionId: 77, meterStop: 900, timestamp: '2026-11-22T02:00:00Z' };
  expect(await station.call('StopTransaction', stop)).toEqual({});
  expect(ocpp.logged()).toEqual([['StopTransaction', stop, {}]]);
  await eventually(async () => expect(await ocpp.unknownTransactions()).toBe(1));
});

test('a station that is held in Pending may say what it was asked for, and nothing else', async () => {
  await using ocpp = await openTestOcpp();
  const known = await ocpp.addStation({ labels: { 'ocpp.boot': 'pending' } });
  const station = await ocpp.connect(known);
  expect(await station.call('BootNotification', BOOT)).toMatchObject({ status: 'Pending', interval: 30 });
  await expect(station.call('StatusNotification', AVAILABLE)).rejects.toMatchObject({
    rpcErrorCode: 'SecurityError',
  });
  await expect(station.call('Heartbeat')).rejects.toMatchObject({ rpcErrorCode: 'SecurityError' });
  expect(ocpp.deadLetters.map(({ topic, code }) => [topic, code])).toEqual([
    ['StatusNotification', 'GATEWAY_CALL_PENDING'],
  ]);
  expect(await ocpp.calls('StatusNotification', 'pending')).toBe(1);

  const asking = ocpp.gateway.carrier.send({
    id: 'c-1',
    deviceId: 'cp-1',
    name: 'trigger_message',
    args: { requestedMessage: 'StatusNotification' },
    deadlineMs: Date.now() + 60_000,
  });
  expect(await asking).toMatchObject({ status: 'done', detail: 'Accepted' });
  expect(station.asked).toEqual([['TriggerMessage', { requestedMessage: 'StatusNotification' }]]);
  expect(await station.call('StatusNotification', AVAILABLE)).toEqual({});
  await expect(station.call('MeterValues', { connectorId: 1, meterValue: [] })).rejects.toBeDefined();

  await ocpp.label('cp-1', {});
  expect(await station.call('BootNotification', BOOT)).toMatchObject({ status: 'Accepted' });
  await ocpp.label('cp-1', { 'ocpp.boot': 'pending' });
  expect(await station.call('StatusNotification', AVAILABLE)).toEqual({});
  expect(await station.call('BootNotification', BOOT)).toMatchObject({ status: 'Pending' });
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

test('a station that does not read what it is sent is cut off before it costs memory', async () => {
  await using ocpp = await openTestOcpp();
  const station = await connected(ocpp);
  const healthy = await connected(ocpp, 'cp-2');
  station.stopReading();
  const beat = JSON.stringify([2, 'x'.repeat(128), 'Heartbeat', {}]);
  await eventually(async () => {
    for (let n = 0; n < 5_000; n += 1) station.client.sendRaw(beat);
    expect(await ocpp.refusals('slow_consumer')).toBe(1);
  });
  expect(await healthy.call('Heartbeat')).toBeDefined();
  await eventually(async () => expect(ocpp.gateway.connectedCount).toBe(1));
});
