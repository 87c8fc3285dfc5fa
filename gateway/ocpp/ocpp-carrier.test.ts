import { expect, test } from 'vitest';
import { eventually } from '#test/support/eventually.ts';
import { openTestOcpp, type TestOcpp, type TestStation } from '#test/support/test-ocpp.ts';
import type { CommandAnswer } from '../commands/carrier.ts';

const START = { connectorId: 1, idTag: 'ALICE', meterStart: 100, timestamp: '2026-11-22T01:00:00Z' };
const BOOT = { chargePointVendor: 'Terra', chargePointModel: 'AC-7' };

let nextId = 0;
function send(ocpp: TestOcpp, name: string, args: object = {}, more: object = {}): Promise<CommandAnswer> {
  nextId += 1;
  return ocpp.gateway.carrier.send({
    id: `c-${nextId}`,
    deviceId: 'cp-1',
    name,
    args: args as Record<string, unknown>,
    deadlineMs: ocpp.deps.clock.nowMs() + 60_000,
    ...more,
  });
}

async function connected(ocpp: TestOcpp, id = 'cp-1') {
  return ocpp.connect(await ocpp.addStation({ id }));
}

const status = (word: string) => () => ({ status: word });

/** Tells that these connectors are free, as a station does when it has connected. */
async function tellsFree(station: TestStation, ...connectorIds: number[]): Promise<void> {
  for (const connectorId of connectorIds) {
    await station.call('StatusNotification', { connectorId, errorCode: 'NoError', status: 'Available' });
  }
}

test('each command is said in OCPP, and the answer means what the spec says', async () => {
  await using ocpp = await openTestOcpp();
  const station = await connected(ocpp);
  await tellsFree(station, 1);
  const cases: [name: string, args: object, action: string, word: string, expected: string][] = [
    ['unlock_connector', { connectorId: 1 }, 'UnlockConnector', 'Unlocked', 'done'],
    ['unlock_connector', { connectorId: 1 }, 'UnlockConnector', 'UnlockFailed', 'failed'],
    ['unlock_connector', { connectorId: 1 }, 'UnlockConnector', 'NotSupported', 'rejected'],
    ['trigger_message', { requestedMessage: 'Heartbeat' }, 'TriggerMessage', 'Accepted', 'done'],
    ['trigger_message', { requestedMessage: 'Heartbeat' }, 'TriggerMessage', 'NotImplemented', 'rejected'],
    ['change_availability', { connectorId: 0, type: 'Operative' }, 'ChangeAvailability', 'Accepted', 'done'],
    [
      'change_availability',
      { connectorId: 0, type: 'Operative' },
      'ChangeAvailability',
      'Scheduled',
      'accepted',
    ],
    ['change_configuration', { key: 'k', value: 'v' }, 'ChangeConfiguration', 'RebootRequired', 'done'],
    ['change_configuration', { key: 'k', value: 'v' }, 'ChangeConfiguration', 'NotSupported', 'rejected'],
    ['reset', { type: 'Soft' }, 'Reset', 'Rejected', 'rejected'],
  ];
  for (const [name, args, action, word, expected] of cases) {
    station.answer(action, status(word));
    expect(await send(ocpp, name, args), `${name} ${word}`).toEqual({
      status: expected,
      detail: word,
      result: null,
    });
    expect(station.asked.at(-1)).toEqual([action, args]);
  }
  const configuration = { configurationKey: [{ key: 'HeartbeatInterval', readonly: false, value: '300' }] };
  station.answer('GetConfiguration', () => configuration);
  expect(await send(ocpp, 'get_configuration', { key: ['HeartbeatInterval'] })).toEqual({
    status: 'done',
    detail: null,
    result: configuration,
  });
});

test('an answer outside the schema is a failure, and so is a CALLERROR', async () => {
  await using ocpp = await openTestOcpp();
  const station = await connected(ocpp);
  station.answer('TriggerMessage', status('Perhaps'));
  const args = { requestedMessage: 'Heartbeat' };
  expect(await send(ocpp, 'trigger_message', args)).toMatchObject({
    status: 'failed',
    detail: 'answer_invalid',
  });
  station.answer('TriggerMessage', () => {
    throw Object.assign(new Error('no'), { rpcErrorCode: 'NotSupported' });
  });
  expect(await send(ocpp, 'trigger_message', args)).toMatchObject({
    status: 'rejected',
    detail: 'NotSupported',
  });
  station.answer('TriggerMessage', () => {
    throw new Error('no');
  });
  expect(await send(ocpp, 'trigger_message', args)).toMatchObject({
    status: 'failed',
    detail: 'GenericError',
  });
});

test('a restart is accepted, and done when the station has come back', async () => {
  await using ocpp = await openTestOcpp();
  const known = await ocpp.addStation();
  const answers: [string, CommandAnswer][] = [];
  const reachable: string[] = [];
  ocpp.gateway.carrier.onAnswer((id, answer) => answers.push([id, answer]));
  ocpp.gateway.carrier.onReachable((id) => reachable.push(id));
  const station = await ocpp.connect(known);
  await tellsFree(station, 1);
  expect(await send(ocpp, 'reset', { type: 'Soft' }, { id: 'r-1' })).toMatchObject({ status: 'accepted' });
  expect(answers).toEqual([]);
  await station.client.close({ code: 1000, reason: '' });
  const back = await ocpp.connect(known);
  await eventually(async () =>
    expect(answers).toEqual([['r-1', { status: 'done', detail: 'restarted', result: null }]]),
  );
  await tellsFree(back, 1);
  expect(await send(ocpp, 'reset', { type: 'Hard' }, { id: 'r-2' })).toMatchObject({ status: 'accepted' });
  await back.call('BootNotification', BOOT);
  expect(answers.map(([id]) => id)).toEqual(['r-1', 'r-2']);
  await back.call('BootNotification', BOOT);
  expect([answers.length, reachable]).toEqual([2, ['cp-1', 'cp-1']]);
});

test('a station that boots for no command of ours is told of; one that only reconnects is not', async () => {
  await using ocpp = await openTestOcpp();
  const known = await ocpp.addStation();
  const station = await ocpp.connect(known);
  await station.call('BootNotification', BOOT);
  await tellsFree(station, 1);
  expect(await send(ocpp, 'reset', { type: 'Soft' })).toMatchObject({ status: 'accepted' });
  await ocpp.restart();
  const restarted: string[] = [];
  ocpp.gateway.carrier.onRestarted((id) => restarted.push(id));
  const back = await ocpp.connect(known);
  await back.call('Heartbeat');
  expect(restarted).toEqual([]);
  await back.call('BootNotification', BOOT);
  expect(restarted).toEqual(['cp-1']);
  await tellsFree(back, 1);
  expect(await send(ocpp, 'reset', { type: 'Soft' })).toMatchObject({ status: 'accepted' });
  await back.call('BootNotification', BOOT);
  expect(restarted).toEqual(['cp-1']);
});

test('a station that restarts instead of answering has restarted', async () => {
  await using ocpp = await openTestOcpp();
  const known = await ocpp.addStation();
  const station = await ocpp.connect(known);
  await tellsFree(station, 1);
  station.answer('Reset', () => new Promise(() => undefined));
  const answers: CommandAnswer[] = [];
  ocpp.gateway.carrier.onAnswer((_id, answer) => answers.push(answer));
  const reset = send(ocpp, 'reset', { type: 'Hard' });
  await eventually(async () => expect(station.asked).toHaveLength(1));
  await station.client.close({ force: true });
  expect(await reset).toMatchObject({ status: 'sent' });
  await ocpp.connect(known);
  await eventually(async () => expect(answers).toMatchObject([{ status: 'done', detail: 'restarted' }]));
});

test('a change of availability that waits for a session is done when the connectors say so', async () => {
  await using ocpp = await openTestOcpp();
  const station = await connected(ocpp);
  const answers: [string, CommandAnswer][] = [];
  ocpp.gateway.carrier.onAnswer((id, answer) => answers.push([id, answer]));
  const report = (connectorId: number, word: string) =>
    station.call('StatusNotification', { connectorId, errorCode: 'NoError', status: word });
  station.answer('ChangeAvailability', status('Scheduled'));
  const change = (id: string, connectorId: number, type: string) =>
    send(ocpp, 'change_availability', { connectorId, type }, { id });
  const done = { status: 'done', detail: 'changed', result: null };
  await report(0, 'Available');
  await report(1, 'Charging');
  await report(2, 'Charging');
  await report(3, 'Faulted');
  expect(await change('one', 1, 'Inoperative')).toMatchObject({ status: 'accepted' });
  expect(await change('all', 0, 'Inoperative')).toMatchObject({ status: 'accepted' });
  await report(2, 'Finishing');
  await report(0, 'Unavailable');
  expect(answers).toEqual([]);
  await report(1, 'Unavailable');
  await eventually(async () => expect(answers).toEqual([['one', done]]));
  await report(2, 'Unavailable');
  await eventually(async () => expect(answers.slice(1)).toEqual([['all', done]]));
  expect(await change('back', 2, 'Operative')).toMatchObject({ status: 'accepted' });
  await report(2, 'Unavailable');
  await report(2, 'Faulted');
  await report(2, 'Available');
  await eventually(async () => expect(answers.slice(2)).toEqual([['back', done]]));
});

test('a station that reports the change before it answers has changed', async () => {
  await using ocpp = await openTestOcpp();
  const station = await connected(ocpp);
  const answers: string[] = [];
  ocpp.gateway.carrier.onAnswer((id, answer) => answers.push(`${id} ${answer.status}`));
  station.answer('ChangeAvailability', async () => {
    const report = { connectorId: 1, errorCode: 'NoError', status: 'Unavailable' };
    await station.call('StatusNotification', report);
    return { status: 'Scheduled' };
  });
  const args = { connectorId: 1, type: 'Inoperative' };
  expect(await send(ocpp, 'change_availability', args, { id: 'c' })).toMatchObject({ status: 'accepted' });
  await eventually(async () => expect(answers).toEqual(['c done']));
});

test('what would end a session is refused while a vehicle charges', async () => {
  await using ocpp = await openTestOcpp();
  const station = await connected(ocpp);
  const running = { status: 'rejected', detail: 'session_running', result: null };
  await tellsFree(station, 1, 2);
  const { transactionId } = (await station.call('StartTransaction', START)) as { transactionId: number };
  expect(await send(ocpp, 'reset', { type: 'Soft' })).toEqual(running);
  expect(await send(ocpp, 'unlock_connector', { connectorId: 1 })).toEqual(running);
  station.answer('UnlockConnector', status('Unlocked'));
  expect(await send(ocpp, 'unlock_connector', { connectorId: 2 })).toMatchObject({ status: 'done' });
  expect(await send(ocpp, 'trigger_message', { requestedMessage: 'Heartbeat' })).toMatchObject({
    status: 'done',
  });
  await station.call('StopTransaction', { transactionId, meterStop: 200, timestamp: '2026-11-22T02:00:00Z' });
  expect(await send(ocpp, 'unlock_connector', { connectorId: 1 })).toMatchObject({ status: 'done' });
  const charging = { connectorId: 2, errorCode: 'NoError', status: 'SuspendedEV' };
  await station.call('StatusNotification', charging);
  expect(await send(ocpp, 'reset', { type: 'Soft' })).toEqual(running);
  await station.call('StatusNotification', { ...charging, status: 'Available' });
  expect(await send(ocpp, 'reset', { type: 'Soft' })).toMatchObject({ status: 'accepted' });
  expect(station.asked.filter(([action]) => action === 'Reset')).toHaveLength(1);
});

test('a station that never answers delays only its own commands, and no longer than it may', async () => {
  await using ocpp = await openTestOcpp({ answerWithinMs: 50 });
  const hung = await connected(ocpp);
  const healthy = await connected(ocpp, 'cp-2');
  hung.answer('TriggerMessage', () => new Promise(() => undefined));
  const args = { requestedMessage: 'Heartbeat' };
  const first = send(ocpp, 'trigger_message', args);
  const second = send(ocpp, 'get_configuration');
  expect(await send(ocpp, 'trigger_message', args, { deviceId: 'cp-2' })).toMatchObject({ status: 'done' });
  expect(healthy.asked).toHaveLength(1);
  expect(await first).toMatchObject({ status: 'sent' });
  expect(hung.asked[0]).toEqual(['TriggerMessage', args]);
  expect(await second).toMatchObject({ status: 'failed', detail: 'answer_invalid' });
  expect(await hung.call('Heartbeat')).toBeDefined();
});

test('the deadline counts from the enqueue: what waits too long is never sent', async () => {
  await using ocpp = await openTestOcpp({ answerWithinMs: 600_000 });
  const hung = await connected(ocpp);
  hung.answer('TriggerMessage', () => new Promise(() => undefined));
  const soon = { deadlineMs: ocpp.deps.clock.nowMs() + 100 };
  const first = send(ocpp, 'trigger_message', { requestedMessage: 'Heartbeat' }, soon);
  const second = send(ocpp, 'get_configuration', {}, soon);
  expect(await first).toMatchObject({ status: 'sent' });
  expect(await second).toEqual({ status: 'rejected', detail: 'deadline_passed', result: null });
  expect(hung.asked.map(([action]) => action)).toEqual(['TriggerMessage']);
});

test('one command at a time: the others wait for its answer, and the same one is sent once', async () => {
  await using ocpp = await openTestOcpp();
  const station = await connected(ocpp);
  await tellsFree(station, 1);
  let release: (value: unknown) => void = () => undefined;
  station.answer('TriggerMessage', () => new Promise((resolve) => (release = resolve)));
  const args = { requestedMessage: 'Heartbeat' };
  const first = send(ocpp, 'trigger_message', args, { id: 'same' });
  const again = send(ocpp, 'trigger_message', args, { id: 'same' });
  const other = send(ocpp, 'reset', { type: 'Soft' });
  await eventually(async () => expect(station.asked).toHaveLength(1));
  expect(await station.call('Heartbeat')).toBeDefined();
  expect(station.asked).toHaveLength(1);
  release({ status: 'Accepted' });
  expect([await first, await again, (await other).status]).toMatchObject([
    { status: 'done' },
    { status: 'done' },
    'accepted',
  ]);
  expect(station.asked.map(([action]) => action)).toEqual(['TriggerMessage', 'Reset']);
});

test('a command for a station that is away was not sent', async () => {
  await using ocpp = await openTestOcpp();
  await ocpp.addStation();
  expect(ocpp.gateway.carrier.isConnected('cp-1')).toBe(false);
  expect(await send(ocpp, 'get_configuration')).toEqual({ status: 'unsent', detail: null, result: null });
});
