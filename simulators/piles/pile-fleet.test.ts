import { expect, test } from 'vitest';
import { parseScenario, type ScenarioEvent } from '../scenario/scenario.ts';
import { openCsms } from '../testing/open-csms.ts';
import { type PileFleetDeps, startPileFleet } from './pile-fleet.ts';

interface Overrides {
  readonly deps?: Partial<PileFleetDeps>;
  readonly events?: readonly ScenarioEvent[];
  readonly piles?: number;
  readonly speed?: number;
  readonly model?: string;
}

type Csms = Awaited<ReturnType<typeof openCsms>>;
type Call = Csms['calls'][number];

function openPiles(url: string, overrides: Overrides = {}) {
  const scenario = parseScenario('test', {
    seed: 3,
    fleet: 1,
    pileFleet: overrides.piles ?? 1,
    piles: [{ model: overrides.model ?? 'dc-pile-generic', share: 1 }],
    events: overrides.events ?? [],
  });
  return startPileFleet(
    {
      now: Date.now,
      credentials: () => null,
      renewCredentials: async () => false,
      keepPassword: () => undefined,
      past: { pastOf: () => null, rememberPast: () => undefined },
      onTrouble: (message) => expect.unreachable(message),
      ...overrides.deps,
    },
    {
      scenario,
      url,
      speed: overrides.speed ?? 1,
      retryMs: 20,
      rebootMs: 30,
      configuration: { MeterValueSampleInterval: '1', ClockAlignedDataInterval: '0' },
    },
  );
}

const of = (action: string) => (call: Call) => call.action === action;
const seen = (action: string, count: number) => (all: readonly Call[]) =>
  all.filter(of(action)).length >= count && all.filter(of(action));
const errors = (all: readonly Call[]) =>
  all.filter(of('StatusNotification')).map(({ payload }) => payload.errorCode);
const hasError = (errorCode: string) => (all: readonly Call[]) => errors(all).includes(errorCode);

/** Statuses told after the last boot. */
const sinceBoot = (all: readonly Call[]) => all.slice(all.findLastIndex(of('BootNotification')));

test('a station boots, then tells the status of itself and of every connector', async () => {
  await using csms = await openCsms();
  await using fleet = openPiles(csms.url);

  await csms.until(seen('StatusNotification', 3));

  expect(csms.calls.slice(0, 4).map(({ action, payload }) => [action, payload.connectorId ?? null])).toEqual([
    ['BootNotification', null],
    ['StatusNotification', 0],
    ['StatusNotification', 1],
    ['StatusNotification', 2],
  ]);
  expect(fleet.units()).toMatchObject([
    { id: 'pile-01', kind: 'charging_pile', model: 'dc-pile-generic', isConnected: true, faults: [] },
  ]);
});

test('a session is told from the plug to the stop, its readings under the transaction id we gave', async () => {
  await using csms = await openCsms();
  await using _fleet = openPiles(csms.url, {
    speed: 300,
    events: [{ atS: 0.5, unit: 'pile-01', do: 'session' }],
  });

  const isFirst = ({ payload }: Call) => payload.connectorId === 1;
  const start = await csms.until((all) => all.filter(of('StartTransaction')).find(isFirst));
  const [reading] = await csms.until((all) => {
    const own = all.filter(of('MeterValues')).filter(isFirst);
    return own.length > 0 && own;
  });
  const transactionId = reading?.payload.transactionId;
  const stop = await csms.until((all) =>
    all.filter(of('StopTransaction')).find(({ payload }) => payload.transactionId === transactionId),
  );

  expect(csms.calls.some(of('Authorize'))).toBe(true);
  expect(stop.payload).toMatchObject({ idTag: start.payload.idTag, reason: 'Local' });
  expect(stop.payload.meterStop).toBeGreaterThan(Number(start.payload.meterStart));
  for (const { payload } of csms.calls.filter(of('MeterValues'))) {
    expect(payload.transactionId).toBeGreaterThan(1_000);
    const text = JSON.stringify(payload);
    for (const word of ['SoC', 'Outlet', 'Inlet', 'Body', 'Current.Import', 'Power.Active.Import']) {
      expect(text).toContain(word);
    }
  }
});

test('an AC pile reports current and voltage of three phases', async () => {
  await using csms = await openCsms();
  await using _fleet = openPiles(csms.url, {
    model: 'ac-pile-generic',
    speed: 20,
    events: [{ atS: 0.1, unit: 'pile-01', do: 'session' }],
  });

  const [reading] = await csms.until(seen('MeterValues', 1));
  expect(JSON.stringify(reading?.payload)).toMatch(/"L1".*"L1-N".*"L3"/);
});

test('a hung reader outlives a status request and ends with a soft reset', async () => {
  await using csms = await openCsms();
  await using fleet = openPiles(csms.url);
  await csms.until(seen('StatusNotification', 3));
  fleet.apply('pile-01', { do: 'fault', mode: 'reader_hung' });
  await csms.until(hasError('ReaderFailure'));

  const asked = csms.calls.length;
  const station = csms.station('pile-01');
  expect(await station.call('TriggerMessage', { requestedMessage: 'StatusNotification' })).toEqual({
    status: 'Accepted',
  });
  await csms.until((all) => errors(all.slice(asked)).includes('ReaderFailure'));
  expect(await station.call('Reset', { type: 'Soft' })).toEqual({ status: 'Accepted' });

  const boots = await csms.until(seen('BootNotification', 2));
  expect(boots).toHaveLength(2);
  await csms.until((all) => errors(sinceBoot(all)).length === 3);
  expect(errors(sinceBoot(csms.calls))).toEqual(['NoError', 'NoError', 'NoError']);
  expect(fleet.units()[0]?.faults).toEqual([]);
});

test('a ground failure outlives every reset; somebody on site heals it', async () => {
  await using csms = await openCsms();
  await using fleet = openPiles(csms.url);
  await csms.until(seen('StatusNotification', 3));
  fleet.apply('pile-01', { do: 'fault', mode: 'ground_failure' });
  await csms.until(hasError('GroundFailure'));

  await csms.station('pile-01').call('Reset', { type: 'Hard' });
  await csms.until(seen('BootNotification', 2));
  await csms.until((all) => errors(sinceBoot(all)).includes('GroundFailure'));

  fleet.apply('pile-01', { do: 'heal' });
  await csms.until((all) => sinceBoot(all).at(-1)?.payload.errorCode === 'NoError');
});

test('a reset stops the transaction with its reason before the station goes', async () => {
  await using csms = await openCsms();
  await using fleet = openPiles(csms.url, { speed: 20 });
  await csms.until(seen('StatusNotification', 3));
  fleet.apply('pile-01', { do: 'session' });
  await csms.until(seen('StartTransaction', 1));

  await csms.station('pile-01').call('Reset', { type: 'Soft' });
  await csms.until(seen('BootNotification', 2));

  const order = csms.calls.filter(({ action }) => ['StopTransaction', 'BootNotification'].includes(action));
  expect(order.map(({ action }) => action)).toEqual([
    'BootNotification',
    'StopTransaction',
    'BootNotification',
  ]);
  expect(order[1]?.payload).toMatchObject({ reason: 'SoftReset', transactionId: 1_001 });
});

test('a jammed lock opens when it is told to', async () => {
  await using csms = await openCsms();
  await using fleet = openPiles(csms.url);
  await csms.until(seen('StatusNotification', 3));
  fleet.apply('pile-01', { do: 'fault', mode: 'lock_jammed', component: 'connector-2' });
  await csms.until(hasError('ConnectorLockFailure'));

  const station = csms.station('pile-01');
  expect(await station.call('UnlockConnector', { connectorId: 9 })).toEqual({ status: 'NotSupported' });
  expect(await station.call('UnlockConnector', { connectorId: 2 })).toEqual({ status: 'Unlocked' });
  await csms.until(
    (all) => all.at(-1)?.payload.errorCode === 'NoError' && all.at(-1)?.payload.connectorId === 2,
  );
});

test('what belongs to a transaction waits while the station is away and comes first, in order and with its times', async () => {
  await using csms = await openCsms();
  await using fleet = openPiles(csms.url, { speed: 300 });
  await csms.until(seen('StatusNotification', 3));
  fleet.apply('pile-01', { do: 'offline' });
  await expect.poll(() => fleet.units()[0]?.isConnected).toBe(false);
  fleet.apply('pile-01', { do: 'session' });
  await expect.poll(() => fleet.counts().buffered, { timeout: 20_000 }).toBeGreaterThan(3);
  const sentBefore = csms.calls.length;
  const backMs = Date.now();

  fleet.apply('pile-01', { do: 'online' });
  await csms.until((all) => all.slice(sentBefore).some(of('StatusNotification')));

  const back = csms.calls.slice(sentBefore);
  expect(back[0]?.action).toBe('StartTransaction');
  expect(Date.parse(String(back[0]?.payload.timestamp))).toBeLessThan(backMs);
  const queued = back.slice(0, back.findIndex(of('StatusNotification')));
  expect(queued.every(({ action }) => /Transaction|MeterValues/.test(action))).toBe(true);
  expect(csms.calls.filter(of('BootNotification'))).toHaveLength(1);
});

test('three weeks of sessions are delivered once, each with its own times, the rise growing', async () => {
  await using csms = await openCsms();
  const remembered: unknown[] = [];
  await using _fleet = openPiles(csms.url, {
    deps: { past: { pastOf: () => null, rememberPast: (id, past) => remembered.push([id, past]) } },
    events: [
      {
        atS: 0,
        unit: 'pile-01',
        do: 'history',
        days: 21,
        stepS: 300,
        mode: 'connector_wear',
        fromLevel: 0.1,
        toLevel: 0.55,
      },
    ],
  });

  await csms.until(seen('StopTransaction', 126));
  await expect.poll(() => remembered).toHaveLength(1);

  const starts = csms.calls.filter(of('StartTransaction'));
  const stops = csms.calls.filter(of('StopTransaction'));
  const times = starts.map(({ payload }) => Date.parse(String(payload.timestamp)));
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(Math.max(...times)).toBeLessThan(Date.now());
  expect(new Set(stops.map(({ payload }) => payload.transactionId)).size).toBe(126);
  const rises = csms.calls.filter(of('MeterValues')).flatMap(({ payload }) => risesOf(payload));
  expect(rises.length).toBeGreaterThan(300);
  expect(mean(rises.slice(-60))).toBeGreaterThan(1.4 * mean(rises.slice(0, 60)));
});

test('a station that is configured remembers it; its key is never shown', async () => {
  await using csms = await openCsms();
  const passwords: string[] = [];
  await using _fleet = openPiles(csms.url, {
    deps: { keepPassword: (_, password) => void passwords.push(password) },
  });
  await csms.until(seen('StatusNotification', 3));
  const station = csms.station('pile-01');
  const change = (key: string, value: string) => station.call('ChangeConfiguration', { key, value });
  const key = 'ab'.repeat(20);

  expect(await change('MeterValueSampleInterval', '20')).toEqual({ status: 'Accepted' });
  expect(await change('MeterValueSampleInterval', 'often')).toEqual({ status: 'Rejected' });
  expect(await change('NumberOfConnectors', '3')).toEqual({ status: 'Rejected' });
  expect(await change('Colour', 'red')).toEqual({ status: 'NotSupported' });
  expect(await change('AuthorizationKey', key)).toEqual({ status: 'Accepted' });
  expect(passwords).toEqual([key]);
  const asked = await station.call('GetConfiguration', {
    key: ['MeterValueSampleInterval', 'AuthorizationKey', 'Colour'],
  });
  expect(asked).toMatchObject({
    configurationKey: [{ value: '20', readonly: false }, { value: '********' }],
    unknownKey: ['Colour'],
  });
  expect(JSON.stringify(await station.call('GetConfiguration', {}))).not.toContain(key);
  expect(await station.call('ChangeAvailability', { connectorId: 1, type: 'Inoperative' })).toEqual({
    status: 'Accepted',
  });
  await csms.until((all) => all.at(-1)?.payload.status === 'Unavailable');
  expect(await station.call('TriggerMessage', { requestedMessage: 'Heartbeat' })).toEqual({
    status: 'Accepted',
  });
  await csms.until(seen('Heartbeat', 1));
  await expect(station.call('ClearCache', {})).rejects.toThrow('does not know ClearCache');
});

test('a station that is pending sends only what it is asked for until it is accepted', async () => {
  await using csms = await openCsms();
  let status = 'Pending';
  csms.answer({
    BootNotification: () => ({ status, currentTime: new Date().toISOString(), interval: 1 }),
  });
  await using _fleet = openPiles(csms.url);
  await csms.until(seen('BootNotification', 1));

  await csms
    .station('pile-01')
    .call('TriggerMessage', { requestedMessage: 'StatusNotification', connectorId: 1 });
  await csms.until(seen('StatusNotification', 1));
  expect(csms.calls.map(({ action }) => action)).toEqual(['BootNotification', 'StatusNotification']);

  status = 'Accepted';
  await csms.until(seen('StatusNotification', 4));
  expect(csms.calls[2]?.action).toBe('BootNotification');
});

test('a silent station never answers, and goes on reporting', async () => {
  await using csms = await openCsms();
  await using fleet = openPiles(csms.url, { speed: 60 });
  await csms.until(seen('StatusNotification', 3));
  fleet.apply('pile-01', { do: 'fault', mode: 'silent' });

  let isAnswered = false;
  const answered = csms
    .station('pile-01')
    .call('GetConfiguration', {})
    .then(() => {
      isAnswered = true;
    })
    .catch(() => undefined);
  fleet.apply('pile-01', { do: 'session' });
  await csms.until(seen('MeterValues', 1));

  expect(isAnswered).toBe(false);
  csms.station('pile-01').drop();
  await answered;
});

test('a station whose password is refused asks for another one and connects with it', async () => {
  await using csms = await openCsms(new Map([['pile-01', 'new']]));
  let password = 'old';
  await using fleet = openPiles(csms.url, {
    deps: {
      credentials: () => ({ username: 'pile-01', password }),
      renewCredentials: async () => {
        password = 'new';
        return true;
      },
    },
  });

  await csms.until(seen('BootNotification', 1));
  await expect.poll(() => fleet.counts().connected).toBe(1);
});

type Reading = { sampledValue: { measurand: string; location?: string; value: string }[] };

function risesOf(payload: Call['payload']): number[] {
  return (payload.meterValue as Reading[]).flatMap(({ sampledValue }) => {
    const read = (measurand: string, location: string) =>
      Number(sampledValue.find((each) => each.measurand === measurand && each.location === location)?.value);
    const current = read('Current.Import', 'Outlet');
    const rise = read('Temperature', 'Outlet') - read('Temperature', 'Inlet');
    return current > 50 ? [(1_000 * rise) / current ** 2] : [];
  });
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
