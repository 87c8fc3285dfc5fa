import { expect, test } from 'vitest';
import { eventually } from '#test/support/eventually.ts';
import { openTestOcpp, type TestOcpp, type TestStation } from '#test/support/test-ocpp.ts';
import type { CommandAnswer } from '../commands/carrier.ts';

const HOUR_MS = 3_600_000;
const BOOT = { chargePointVendor: 'Terra', chargePointModel: 'AC-7' };
const UNKNOWN = { status: 'rejected', detail: 'session_unknown', result: null };
const RUNNING = { status: 'rejected', detail: 'session_running', result: null };
const ACCEPTED = { status: 'accepted' };
/** How long the guard waits for what a station does not tell. */
const IMPATIENT = { answerWithinMs: 200 };

let nextId = 0;
function send(ocpp: TestOcpp, name: string, args: Record<string, unknown>): Promise<CommandAnswer> {
  nextId += 1;
  const deadlineMs = ocpp.deps.clock.nowMs() + 60_000;
  return ocpp.gateway.carrier.send({ id: `g-${nextId}`, deviceId: 'cp-1', name, args, deadlineMs });
}

const reset = (ocpp: TestOcpp) => send(ocpp, 'reset', { type: 'Hard' });
const unlock = (ocpp: TestOcpp, connectorId: number) => send(ocpp, 'unlock_connector', { connectorId });

const ago = (hours: number) => Date.now() - hours * HOUR_MS;
const iso = (atMs: number) => new Date(atMs).toISOString();

function tell(station: TestStation, connectorId: number, status: string, more: object = {}) {
  return station.call('StatusNotification', { connectorId, errorCode: 'NoError', status, ...more });
}

function start(station: TestStation, atMs: number, connectorId = 1) {
  const started = { connectorId, idTag: 'ALICE', meterStart: 100, timestamp: iso(atMs) };
  return station.call('StartTransaction', started) as Promise<{ transactionId: number }>;
}

/** Answers a TriggerMessage by telling these statuses afterwards; the test may end before the last is answered. */
function tellsWhenAsked(station: TestStation, statuses: Record<number, string>): void {
  const tellAll = async () => {
    for (const [id, status] of Object.entries(statuses)) await tell(station, Number(id), status);
  };
  station.answer('TriggerMessage', () => {
    setImmediate(() => void tellAll().catch(() => undefined));
    return { status: 'Accepted' };
  });
}

const actions = (station: TestStation) => station.asked.map(([action]) => action);

test('a reset that waited for a station goes only when each of its connectors has told that it is free', async () => {
  await using ocpp = await openTestOcpp();
  const known = await ocpp.addStation();
  const before = await ocpp.connect(known);
  await tell(before, 1, 'Available');
  await tell(before, 2, 'Available');
  await before.client.close({ code: 1000, reason: '' });
  const charging = await ocpp.connect(known);
  const kept = reset(ocpp);
  await eventually(async () => expect(actions(charging)).toEqual(['TriggerMessage']));
  expect(charging.asked[0]?.[1]).toEqual({ requestedMessage: 'StatusNotification' });
  await tell(charging, 1, 'Available');
  await tell(charging, 2, 'Charging');
  expect(await kept).toEqual(RUNNING);
  await tell(charging, 2, 'Finishing');
  expect(await reset(ocpp)).toMatchObject(ACCEPTED);
  expect(actions(charging)).toEqual(['TriggerMessage', 'Reset']);
});

test('a station of which nothing is known yet may tell of its connectors one after the other', async () => {
  await using ocpp = await openTestOcpp();
  const station = await ocpp.connect(await ocpp.addStation());
  tellsWhenAsked(station, { 0: 'Available', 1: 'Available', 2: 'Charging' });
  expect(await reset(ocpp)).toEqual(RUNNING);
});

test('a station that does not tell its state when asked gets no command that ends a session', async () => {
  await using ocpp = await openTestOcpp(IMPATIENT);
  const known = await ocpp.addStation();
  const station = await ocpp.connect(known);
  expect(await reset(ocpp)).toEqual(UNKNOWN);
  expect(await unlock(ocpp, 2)).toEqual(UNKNOWN);
  expect(station.asked.at(-1)?.[1]).toEqual({ requestedMessage: 'StatusNotification', connectorId: 2 });
  station.answer('TriggerMessage', () => ({ status: 'NotImplemented' }));
  await tell(station, 0, 'Available');
  expect(await reset(ocpp)).toEqual(UNKNOWN);
  await tell(station, 1, 'Available');
  expect(await unlock(ocpp, 2)).toEqual(UNKNOWN);
  expect(actions(station)).not.toContain('Reset');
  expect(await reset(ocpp)).toMatchObject(ACCEPTED);
});

test('a connector that is known from before must have told its state too', async () => {
  await using ocpp = await openTestOcpp(IMPATIENT);
  ocpp.facts.statuses.set('connector-2', { status: 'available', atMs: ago(2) });
  const station = await ocpp.connect(await ocpp.addStation());
  await tell(station, 1, 'Available');
  expect(await reset(ocpp)).toEqual(UNKNOWN);
  tellsWhenAsked(station, { 0: 'Available', 1: 'Available', 2: 'Available' });
  expect(await reset(ocpp)).toMatchObject(ACCEPTED);
});

test('a station that has restarted tells its state anew', async () => {
  await using ocpp = await openTestOcpp(IMPATIENT);
  const station = await ocpp.connect(await ocpp.addStation());
  await tell(station, 1, 'Available');
  await station.call('BootNotification', BOOT);
  expect(await reset(ocpp)).toEqual(UNKNOWN);
  await tell(station, 1, 'Available');
  expect(await reset(ocpp)).toMatchObject(ACCEPTED);
});

test('a station that is held in Pending may tell its state when asked for it', async () => {
  await using ocpp = await openTestOcpp();
  const station = await ocpp.connect(await ocpp.addStation({ labels: { 'ocpp.boot': 'pending' } }));
  await station.call('BootNotification', BOOT);
  tellsWhenAsked(station, { 1: 'Available' });
  expect(await reset(ocpp)).toMatchObject(ACCEPTED);
});

test('a station that leaves before it has told its state was sent nothing', async () => {
  await using ocpp = await openTestOcpp();
  const known = await ocpp.addStation();
  const station = await ocpp.connect(known);
  const kept = reset(ocpp);
  await eventually(async () => expect(station.asked).toHaveLength(1));
  await station.client.close({ force: true });
  await ocpp.connect(known);
  expect(await kept).toEqual({ status: 'unsent', detail: null, result: null });
});

test('after our restart an open session counts, whatever its connector said before it began', async () => {
  await using ocpp = await openTestOcpp(IMPATIENT);
  ocpp.facts.statuses.set('connector-1', { status: 'available', atMs: ago(3) });
  ocpp.facts.open.set('connector-1', { transactionId: 7, startedAtMs: ago(2) });
  const station = await ocpp.connect(await ocpp.addStation());
  expect(await reset(ocpp)).toEqual(RUNNING);
  await tell(station, 1, 'Available', { timestamp: iso(ago(3)) });
  expect(await reset(ocpp)).toEqual(RUNNING);
  await tell(station, 1, 'Faulted');
  expect(await unlock(ocpp, 1)).toEqual(RUNNING);
  const stop = { transactionId: 7, meterStop: 200, timestamp: iso(ago(0)) };
  await station.call('StopTransaction', stop);
  expect(await reset(ocpp)).toMatchObject(ACCEPTED);
});

test('a session whose end was lost holds up nothing once its connector is free', async () => {
  await using ocpp = await openTestOcpp();
  ocpp.facts.open.set('connector-1', { transactionId: 7, startedAtMs: ago(2) });
  const station = await ocpp.connect(await ocpp.addStation());
  tellsWhenAsked(station, { 1: 'Available' });
  expect(await reset(ocpp)).toMatchObject(ACCEPTED);
});

test('while the facts are away nothing is risked', async () => {
  await using ocpp = await openTestOcpp();
  const station = await ocpp.connect(await ocpp.addStation());
  await tell(station, 1, 'Available');
  ocpp.facts.isAway = true;
  expect(await reset(ocpp)).toEqual(UNKNOWN);
  ocpp.facts.isAway = false;
  expect(await reset(ocpp)).toMatchObject(ACCEPTED);
});

test('an old status that comes late changes nothing', async () => {
  await using ocpp = await openTestOcpp(IMPATIENT);
  const known = await ocpp.addStation();
  const station = await ocpp.connect(known);
  await tell(station, 1, 'Charging');
  await tell(station, 1, 'Available', { timestamp: iso(ago(24)) });
  expect(await reset(ocpp)).toEqual(RUNNING);
  await tell(station, 1, 'Available');
  const { transactionId } = await start(station, ago(0));
  await tell(station, 1, 'Available', { timestamp: iso(ago(24)) });
  expect(await reset(ocpp)).toEqual(RUNNING);
  await station.call('StopTransaction', { transactionId, meterStop: 200, timestamp: iso(ago(0)) });
  await station.client.close({ force: true });
  const back = await ocpp.connect(known);
  await tell(back, 1, 'Available', { timestamp: iso(ago(1)) });
  expect(await reset(ocpp)).toEqual(UNKNOWN);
});

test('a start that is dated by a slow clock counts, and so does one that waits for its id', async () => {
  await using ocpp = await openTestOcpp();
  const station = await ocpp.connect(await ocpp.addStation());
  await tell(station, 1, 'Available');
  ocpp.sink.hold();
  const started = start(station, ago(1));
  await eventually(async () => expect(await reset(ocpp)).toEqual(RUNNING));
  ocpp.sink.release();
  await started;
  expect(await reset(ocpp)).toEqual(RUNNING);
});

test('the end of one session that comes late does not hide the next one', async () => {
  await using ocpp = await openTestOcpp();
  ocpp.facts.open.set('connector-1', { transactionId: 7, startedAtMs: ago(3) });
  const station = await ocpp.connect(await ocpp.addStation());
  await tell(station, 1, 'Charging');
  expect(await reset(ocpp)).toEqual(RUNNING);
  await station.call('StopTransaction', { transactionId: 7, meterStop: 200, timestamp: iso(ago(2)) });
  expect(await reset(ocpp)).toEqual(RUNNING);
});

test('what another node saw meanwhile is asked for when the station comes back', async () => {
  await using ocpp = await openTestOcpp(IMPATIENT);
  const known = await ocpp.addStation();
  const here = await ocpp.connect(known);
  await tell(here, 1, 'Available');
  expect(await reset(ocpp)).toMatchObject(ACCEPTED);
  await here.client.close({ force: true });
  ocpp.facts.open.set('connector-1', { transactionId: 9, startedAtMs: Date.now() });
  const back = await ocpp.connect(known);
  expect(await unlock(ocpp, 1)).toEqual(RUNNING);
  await tell(back, 1, 'Faulted');
  expect(await reset(ocpp)).toEqual(RUNNING);
  expect(actions(back)).not.toContain('Reset');
});

test('a station of many connectors is guarded at each, and one of too many gets nothing', async () => {
  await using ocpp = await openTestOcpp(IMPATIENT);
  const station = await ocpp.connect(await ocpp.addStation());
  for (let id = 1; id <= 70; id += 1) await tell(station, id, id === 70 ? 'Charging' : 'Available');
  expect(await reset(ocpp)).toEqual(RUNNING);
  await tell(station, 70, 'Available');
  expect(await reset(ocpp)).toMatchObject(ACCEPTED);
  for (let id = 1; id <= 1_000; id += 1) {
    ocpp.facts.statuses.set(`connector-${id}`, { status: 'available', atMs: ago(1) });
  }
  expect(await unlock(ocpp, 1)).toEqual(UNKNOWN);
});
