import { expect, test } from 'vitest';
import { eventually } from '#test/support/eventually.ts';
import { openTestOcpp, type TestOcpp } from '#test/support/test-ocpp.ts';

const BOOT = { chargePointVendor: 'Terra', chargePointModel: 'AC-7' };
const AVAILABLE = { connectorId: 1, errorCode: 'NoError', status: 'Available' };
const START = { connectorId: 1, idTag: 'ALICE', meterStart: 100, timestamp: '2026-11-22T01:00:00Z' };

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
  expect(ocpp.deadLetters.map(({ code, field }) => `${code} ${field}`)).toEqual([
    'GATEWAY_CALL_INVALID secret',
    'GATEWAY_CALL_INVALID connectorId',
    'GATEWAY_CALL_INVALID connectorId',
    'GATEWAY_ACTION_UNKNOWN Reset',
  ]);
  expect(new Set(ocpp.deadLetters.map(({ topic }) => topic))).toEqual(new Set(['devices/cp-1/ocpp']));
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

test('words outside the standard and numbers do not cost the good samples beside them', async () => {
  await using ocpp = await openTestOcpp();
  const station = await connected(ocpp);
  const odd = { context: 'Vendor', format: 'Hex', phase: 'L4', location: 'Roof', unit: 'furlong' };
  const sampledValue = [
    { value: '230', measurand: 'Voltage' },
    { value: 6000, measurand: 'Foo.Bar', ...odd },
    { value: null },
  ];
  const meterValue = [{ timestamp: '2026-11-22T01:01:00Z', sampledValue }];
  const metered = { connectorId: 1, meterValue };
  expect(await station.call('MeterValues', metered)).toEqual({});
  const stop = { transactionId: 77, meterStop: 900, timestamp: '2026-11-22T02:00:00Z' };
  expect(await station.call('StopTransaction', { ...stop, transactionData: meterValue })).toEqual({});
  expect(ocpp.logged().map(([, payload]) => payload)).toEqual([
    metered,
    { ...stop, transactionData: meterValue },
  ]);
  for (const sample of [{ value: ['230'] }, { value: '1', unit: 'x'.repeat(65) }, { unit: 'V' }]) {
    const wrong = [{ timestamp: '2026-11-22T01:01:00Z', sampledValue: [sample] }];
    await expect(station.call('MeterValues', { connectorId: 1, meterValue: wrong })).rejects.toBeDefined();
  }
  const at = 'meterValue.0.sampledValue.0';
  expect(ocpp.deadLetters.map(({ field }) => field)).toEqual([`${at}.value`, `${at}.unit`, `${at}.value`]);
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

test('where a transaction ends is logged with its end, again when it is repeated, also after our restart', async () => {
  await using ocpp = await openTestOcpp();
  const known = await ocpp.addStation();
  const before = await ocpp.connect(known);
  const start = { ...START, connectorId: 2 };
  const { transactionId } = (await before.call('StartTransaction', start)) as { transactionId: number };
  const stop = { transactionId, meterStop: 900, timestamp: '2026-11-22T02:00:00Z' };
  await before.call('StopTransaction', stop);
  await before.call('StopTransaction', stop);
  await ocpp.restart();
  ocpp.facts.places.set(transactionId, 'connector-2');
  const after = await ocpp.connect(known);
  await after.call('StopTransaction', stop);
  expect(ocpp.logged().slice(1)).toEqual(Array(3).fill(['StopTransaction', stop, { connectorId: 2 }]));
  ocpp.facts.isAway = true;
  await after.call('StopTransaction', { ...stop, transactionId: 77 });
  expect(ocpp.logged().at(-1)).toMatchObject(['StopTransaction', { transactionId: 77 }, {}]);
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
  expect(ocpp.deadLetters).toMatchObject([
    { topic: 'devices/cp-1/ocpp', code: 'GATEWAY_CALL_PENDING', field: 'StatusNotification' },
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
