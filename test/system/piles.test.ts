import { expect, test } from 'vitest';
import type { Command } from '#contracts/commands.ts';
import { eventually } from '#test/support/eventually.ts';
import { openTestApp, type TestApp } from '#test/support/test-app.ts';
import type { TestPile } from '#test/support/test-pile.ts';
import { createWarpClock } from '#test/support/warp-clock.ts';

const TIMER_SPEED = 30;
const FAST = 200;

async function theTicket({ api }: TestApp, deviceId = 'pile-1') {
  return eventually(async () => {
    const { items } = await api.get(`/tickets?deviceId=${deviceId}`);
    expect(items).toHaveLength(1);
    return items[0];
  });
}

async function commandsOf({ api }: TestApp, deviceId = 'pile-1'): Promise<Command[]> {
  return (await api.get(`/commands?deviceId=${deviceId}`)).items;
}

/** A soft reset boots the pile again, after which its connector is as told. */
function curedByReset(pile: TestPile, errorCode = 'NoError'): void {
  pile.answer('Reset', { status: 'Accepted' }, async () => {
    await pile.call('BootNotification', { chargePointVendor: 'Test', chargePointModel: 'T-1' });
    await pile.status({ errorCode });
  });
}

test('A11: a fault on the playbook is cured by a reset from afar, and no work order opens', {
  timeout: 120_000,
}, async () => {
  const clock = createWarpClock(TIMER_SPEED);
  await using app = await openTestApp({ clock });
  const pile = await app.openPile();
  curedByReset(pile);
  await pile.status();
  await pile.status({ errorCode: 'ReaderFailure' });
  await theTicket(app);
  clock.runAt(FAST);

  await eventually(async () => {
    expect(await theTicket(app)).toMatchObject({ resolution: 'remote', faultFamily: 'reader_fault' });
  }, 60_000);
  expect((await app.api.get('/work-orders?deviceId=pile-1')).items).toEqual([]);
  expect(pile.told.map(({ action }) => action)).toEqual(['TriggerMessage', 'Reset']);
  const commands = await commandsOf(app);
  expect(commands.map(({ name, status }) => [name, status]).sort()).toEqual([
    ['reset', 'done'],
    ['trigger_message', 'done'],
  ]);
  await eventually(async () => expect((await theTicket(app)).status).toBe('closed'), 60_000);
  expect(await app.api.get('/ledger')).toMatchObject({ imbalance: 0 });
});

test('A11: what no reset cures becomes a work order that shows what was tried', {
  timeout: 120_000,
}, async () => {
  const clock = createWarpClock(TIMER_SPEED);
  await using app = await openTestApp({ clock });
  const pile = await app.openPile();
  curedByReset(pile, 'ReaderFailure');
  await pile.status({ errorCode: 'ReaderFailure' });
  await theTicket(app);
  clock.runAt(FAST);

  const order = await eventually(async () => {
    const { items } = await app.api.get('/work-orders?deviceId=pile-1');
    expect(items).toHaveLength(1);
    return items[0];
  }, 60_000);
  const resets = pile.told.filter(({ action }) => action === 'Reset').map(({ params }) => params.type);
  expect(resets).toEqual(['Soft', 'Hard']);
  const { remoteAttempts } = await app.api.get(`/tickets/${order.ticketId}`);
  expect(
    remoteAttempts.map((each: { command: string; outcome: string }) => [each.command, each.outcome]),
  ).toEqual([
    ['trigger_message', 'not_cured'],
    ['reset', 'not_cured'],
    ['reset', 'not_cured'],
  ]);
});

test('A11: a ground failure never gets a command; the order opens at once', async () => {
  await using app = await openTestApp();
  const pile = await app.openPile();
  await pile.status({ status: 'Faulted', errorCode: 'GroundFailure' });

  const ticket = await theTicket(app);
  expect(ticket).toMatchObject({ faultFamily: 'ground_fault', faultCode: 'GroundFailure' });
  expect((await app.api.get('/work-orders?deviceId=pile-1')).items).toHaveLength(1);
  const { timeline } = await app.api.get(`/tickets/${ticket.id}`);
  expect(timeline).toContainEqual(expect.objectContaining({ action: 'remote_skipped', reason: 'safety' }));
  expect(pile.told).toEqual([]);
  expect(await commandsOf(app)).toEqual([]);
});

test('A11: no reset while a vehicle charges: when the session does not end, somebody is sent', {
  timeout: 120_000,
}, async () => {
  const clock = createWarpClock(TIMER_SPEED);
  await using app = await openTestApp({ clock });
  const pile = await app.openPile();
  const timestamp = new Date(clock.nowMs()).toISOString();
  await pile.status({ status: 'Charging' });
  await pile.call('StartTransaction', { connectorId: 1, idTag: 'T', meterStart: 0, timestamp });
  await pile.status({ status: 'Charging', errorCode: 'ReaderFailure' });
  await theTicket(app);
  clock.runAt(FAST);

  await eventually(async () => {
    expect((await app.api.get('/work-orders?deviceId=pile-1')).items).toHaveLength(1);
  }, 60_000);
  expect(pile.told.map(({ action }) => action)).toEqual(['TriggerMessage']);
});

test('a session is found afterwards with its meter values; a stop that nobody started is answered and kept', async () => {
  await using app = await openTestApp();
  const pile = await app.openPile();
  const startMs = Date.now() - 60_000;
  const at = (seconds: number) => new Date(startMs + seconds * 1_000).toISOString();
  await pile.status({ status: 'Preparing' });
  const started = await pile.call('StartTransaction', {
    connectorId: 1,
    idTag: 'TAG',
    meterStart: 1_000,
    timestamp: at(0),
  });
  expect(started).toMatchObject({ transactionId: expect.any(Number), idTagInfo: { status: 'Accepted' } });
  const { transactionId } = started;
  await pile.call('MeterValues', {
    connectorId: 1,
    transactionId,
    meterValue: [
      {
        timestamp: at(10),
        sampledValue: [
          { value: '7.2', measurand: 'Power.Active.Import', unit: 'kW' },
          { value: '32', measurand: 'Current.Import' },
          { value: '60', measurand: 'Temperature', location: 'Outlet', unit: 'Celsius' },
          { value: '30', measurand: 'Temperature', location: 'Inlet', unit: 'Celsius' },
        ],
      },
    ],
  });
  const transactionData = [
    { timestamp: at(29), sampledValue: [{ value: '3000', context: 'Transaction.End' }] },
  ];
  const stop = { transactionId, meterStop: 3_000, timestamp: at(30), reason: 'Local' };
  await pile.call('StopTransaction', { ...stop, transactionData });
  await pile.call('StopTransaction', { transactionId: 999_999, meterStop: 5, timestamp: at(40) });

  await eventually(async () => {
    const { series } = await app.api.get('/telemetry?deviceId=pile-1&metrics=power,connector_rise,energy');
    expect(series).toMatchObject([
      { metric: 'power', component: 'connector-1', unit: 'W', points: [[startMs + 10_000, 7_200]] },
      { metric: 'connector_rise', points: [[startMs + 10_000, expect.closeTo(29.3, 1)]] },
      { metric: 'energy', component: 'connector-1', points: [[startMs + 29_000, 3]] },
    ]);
    const { items } = await app.api.get('/charging-sessions?deviceId=pile-1');
    expect(items).toHaveLength(2);
    expect(items).toContainEqual(
      expect.objectContaining({ transactionId, meterStartWh: 1_000, meterStopWh: 3_000, isUnknown: false }),
    );
    expect(items).toContainEqual(expect.objectContaining({ transactionId: 999_999, isUnknown: true }));
  });
  const ledger = await app.api.get('/ledger');
  expect(ledger).toMatchObject({ imbalance: 0, byProtocol: { ocpp: { received: expect.any(Number) } } });
});

test('a fault code that no table knows is answered, kept raw and opens a ticket of low priority', async () => {
  await using app = await openTestApp();
  const pile = await app.openPile();
  await pile.status({ status: 'Faulted', errorCode: 'NoError', connectorId: 2 });
  const first = await theTicket(app);
  expect(first).toMatchObject({ component: 'connector-2', faultFamily: 'pile_faulted' });
  await pile.call('StatusNotification', {
    connectorId: 1,
    status: 'Faulted',
    errorCode: 'OtherError',
    vendorId: 'acme',
    vendorErrorCode: 'Z-99',
  });
  await eventually(async () => {
    const { items } = await app.api.get('/tickets?deviceId=pile-1');
    expect(items).toContainEqual(
      expect.objectContaining({ faultFamily: 'code:Z-99', faultCode: 'Z-99', priority: 'P4' }),
    );
  });
});

test('a registered pile is told its address and its password', async () => {
  await using app = await openTestApp();
  const { ocpp } = await app.register({ id: 'pile-9', kind: 'charging_pile', model: 'dc-pile-generic' });
  expect(ocpp).toMatchObject({
    url: expect.stringMatching(/^ws:\/\/127\.0\.0\.1:\d+\/ocpp\/pile-9$/),
    password: expect.stringMatching(/^[0-9a-f]{40}$/),
  });
});
