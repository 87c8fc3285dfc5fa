import { Compile } from 'typebox/compile';
import { expect, test } from 'vitest';
import { findMetric } from '#contracts/metrics.ts';
import { FaultMessage, StateMessage } from '#contracts/mqtt.ts';
import { loadScenario } from '../scenario/load-scenario.ts';
import { parseScenario, type ScenarioEvent } from '../scenario/scenario.ts';
import { openBroker } from '../testing/open-broker.ts';
import type { WireFault, WirePoint } from './device-agent.ts';
import { type FleetDeps, type FleetSettings, startFleet } from './fleet.ts';

interface Overrides {
  readonly deps?: Partial<FleetDeps>;
  readonly settings?: Partial<FleetSettings>;
  readonly fleet?: number;
  readonly events?: readonly ScenarioEvent[];
  readonly model?: string;
}

function openFleet(url: string, overrides: Overrides = {}) {
  const scenario = parseScenario('test', {
    seed: 1,
    fleet: overrides.fleet ?? 2,
    models: [{ model: overrides.model ?? 'split-generic', share: 1 }],
    events: overrides.events ?? [],
  });
  return startFleet(
    {
      now: Date.now,
      credentials: () => null,
      renewCredentials: async () => false,
      past: { pastOf: () => null, rememberPast: () => undefined },
      onTrouble: () => undefined,
      ...overrides.deps,
    },
    { scenario, url, intervalMs: 50, speed: 1, bufferPoints: 5_000, retryMs: 20, ...overrides.settings },
  );
}

const points = (body: unknown): readonly WirePoint[] => (Array.isArray(body) ? body : [body]) as WirePoint[];

function isInVocabulary(name: string, value: unknown): boolean {
  const metric = findMetric('ac_unit', name);
  if (metric?.type === 'enum') return metric.values?.includes(String(value)) === true;
  if (metric?.type === 'boolean') return typeof value === 'boolean';
  return metric !== undefined && typeof value === 'number' && value >= metric.min && value <= metric.max;
}

test('every unit announces itself retained, then reports telemetry in the shape of the contract', async () => {
  await using broker = await openBroker();
  await using _fleet = openFleet(broker.url);
  const isState = Compile(StateMessage);

  await broker.until((all) => all.filter(({ channel }) => channel === 'telemetry').length >= 4);

  for (const id of ['ac-01', 'ac-02']) {
    const [birth, ...rest] = broker.arrivals.filter(({ deviceId }) => deviceId === id);
    expect(birth).toMatchObject({ channel: 'state', isRetained: true, body: { online: true, faults: [] } });
    expect(isState.Check(birth?.body)).toBe(true);
    for (const { channel, body, isRetained } of rest) {
      expect([channel, isRetained]).toEqual(['telemetry', false]);
      for (const { ts, values } of points(body)) {
        expect(Number.isInteger(ts)).toBe(true);
        expect(Object.entries(values).filter(([name, value]) => !isInVocabulary(name, value))).toEqual([]);
      }
    }
  }
});

test('a VRF system reports its indoor units, a chiller speaks bar and kilowatts', async () => {
  await using broker = await openBroker();
  await using _vrf = openFleet(broker.url, { fleet: 1, model: 'vrf-generic' });

  const components = await broker.until((all) => {
    const seen = new Set(
      all
        .filter(({ channel }) => channel === 'telemetry')
        .flatMap(({ body }) => points(body).map((p) => p.component)),
    );
    return seen.size === 4 && seen;
  });
  expect(components).toEqual(new Set([undefined, 'idu-1', 'idu-2', 'idu-3']));

  await using other = await openBroker();
  await using _chiller = openFleet(other.url, { fleet: 1, model: 'chiller-generic' });
  const message = await other.until((all) => all.find(({ channel }) => channel === 'telemetry'));
  const { values } = points(message.body)[0] as WirePoint;
  expect(values.suction_pressure as number).toBeLessThan(12);
  expect(values.power as number).toBeLessThan(100);
});

test('a unit that loses its socket leaves a retained will of the same session', async () => {
  await using broker = await openBroker();
  await using fleet = openFleet(broker.url, { fleet: 1 });
  const birth = await broker.until((all) => all.find(({ channel }) => channel === 'state'));

  fleet.apply('ac-01', { do: 'offline' });
  const will = await broker.until((all) =>
    all.find(({ body }) => (body as { online?: boolean }).online === false),
  );

  expect(will.isRetained).toBe(true);
  expect((will.body as { session: string }).session).toBe((birth.body as { session: string }).session);
  expect(fleet.units()[0]?.isConnected).toBe(false);
});

test('what a unit measured while it was away arrives after its birth, in time order, with its own timestamps', async () => {
  await using broker = await openBroker();
  await using fleet = openFleet(broker.url, { fleet: 1 });
  await broker.until((all) => all.find(({ channel }) => channel === 'telemetry'));
  fleet.apply('ac-01', { do: 'offline' });
  await broker.until((all) => all.find(({ body }) => (body as { online?: boolean }).online === false));
  await expect.poll(() => fleet.counts().buffered).toBeGreaterThan(3);

  fleet.apply('ac-01', { do: 'online' });
  const upload = await broker.until((all) => all.find(({ body }) => Array.isArray(body)));

  const births = broker.arrivals.filter(({ channel }) => channel === 'state').slice(2);
  expect(births[0]?.body).toMatchObject({ online: true });
  expect(points(upload.body).length).toBeGreaterThan(3);
  const times = broker.arrivals
    .filter(({ channel }) => channel === 'telemetry')
    .flatMap(({ body }) => points(body).map(({ ts }) => ts));
  expect(times).toEqual([...times].sort((a, b) => a - b));
});

test('a dropped connection is made again, with a new session', async () => {
  await using broker = await openBroker();
  await using _fleet = openFleet(broker.url, { fleet: 1 });
  await broker.until((all) => all.find(({ channel }) => channel === 'telemetry'));

  broker.dropAll();
  const sessions = await broker.until((all) => {
    const births = all.filter(({ body }) => (body as { online?: boolean }).online === true);
    return births.length === 2 && births.map(({ body }) => (body as { session: string }).session);
  });

  expect(new Set(sessions).size).toBe(2);
});

test('a full buffer lets the oldest points go and counts them', async () => {
  await using broker = await openBroker();
  broker.accept(false);
  await using fleet = openFleet(broker.url, { fleet: 1, settings: { bufferPoints: 3, intervalMs: 10 } });

  await expect.poll(() => fleet.counts().dropped).toBeGreaterThan(0);

  expect(fleet.counts().buffered).toBe(3);
});

test('the demo unit uploads three weeks of a clogging filter once, and goes on from there', async () => {
  await using broker = await openBroker();
  const past = new Map<string, { fromMs: number; knownUntilMs: number }>();
  const deps: FleetDeps = {
    now: Date.now,
    credentials: () => null,
    renewCredentials: async () => false,
    past: { pastOf: (id) => past.get(id) ?? null, rememberPast: (id, it) => past.set(id, it) },
    onTrouble: () => undefined,
  };
  const settings = { scenario: loadScenario('demo'), url: broker.url, intervalMs: 500, speed: 1 };
  const ofFilter = () =>
    broker.arrivals
      .filter(({ deviceId, channel }) => deviceId === 'ac-07' && channel === 'telemetry')
      .map(({ body }) => points(body));
  {
    await using _fleet = startFleet(deps, { ...settings, bufferPoints: 5_000, retryMs: 20 });
    await broker.until(() => past.has('ac-07') && ofFilter().some(({ length }) => length === 1));
  }

  const messages = ofFilter();
  const history = messages.flat();
  expect(Math.max(...messages.map(({ length }) => length))).toBe(100);
  expect(history.length).toBeGreaterThan(21 * 24);
  const at = (day: number): number => history[day * 24]?.values.filter_dp as number;
  expect(at(0)).toBeLessThan(75);
  for (let day = 1; day < 21; day += 1) expect(at(day)).toBeGreaterThan(at(day - 1));
  const live = history.at(-1)?.values.filter_dp as number;
  expect(live).toBeGreaterThan(205);
  expect(live).toBeLessThan(225);

  const before = broker.arrivals.length;
  await using _again = startFleet(deps, { ...settings, bufferPoints: 5_000, retryMs: 20 });
  const again = await broker.until((all) =>
    all.slice(before).find(({ deviceId, channel }) => deviceId === 'ac-07' && channel === 'telemetry'),
  );
  expect(points(again.body).length).toBeLessThan(5);
});

test('an injected fault raises its code once and clears it when the unit is healed', async () => {
  await using broker = await openBroker();
  await using fleet = openFleet(broker.url, { fleet: 1, settings: { speed: 60 } });
  const isFault = Compile(FaultMessage);
  const faults = () =>
    broker.arrivals.filter(({ channel }) => channel === 'fault').map(({ body }) => body as WireFault);

  fleet.apply('ac-01', { do: 'fault', mode: 'high_pressure' });
  await broker.until(() => faults().length === 1);
  fleet.apply('ac-01', { do: 'heal' });
  await broker.until(() => faults().length === 2);

  expect(faults()).toMatchObject([
    { code: 'E1', state: 'raised', component: '' },
    { code: 'E1', state: 'cleared', component: '' },
  ]);
  expect(faults().every((fault) => isFault.Check(fault))).toBe(true);
});

test('a fault that comes while the unit is away is in its next birth and follows it', async () => {
  await using broker = await openBroker();
  broker.accept(false);
  await using fleet = openFleet(broker.url, { fleet: 1 });
  fleet.apply('ac-01', { do: 'fault', mode: 'code', code: 'E6', component: 'idu-3' });

  broker.accept(true);
  const fault = await broker.until((all) => all.find(({ channel }) => channel === 'fault'));

  expect(fault.body).toMatchObject({ code: 'E6', component: 'idu-3', state: 'raised' });
  expect(broker.arrivals[0]?.body).toMatchObject({ online: true });
});

test('a known command is accepted and done, an unknown or expired one is rejected', async () => {
  await using broker = await openBroker();
  await using fleet = openFleet(broker.url, { fleet: 1 });
  await broker.until((all) => all.find(({ channel }) => channel === 'telemetry'));
  fleet.apply('ac-01', { do: 'fault', mode: 'code', code: 'E6' });

  await broker.send('devices/ac-01/cmd', { id: '1', name: 'clear_fault', args: {} });
  await broker.send('devices/ac-01/cmd', { id: '2', name: 'fly' });
  await broker.send('devices/ac-01/cmd', { id: '3', name: 'restart', expiresAt: 1 });
  await broker.send('devices/ac-01/cmd', { id: '4', name: 'set_mode', args: { mode: 'off' } });
  await broker.send('devices/ac-01/cmd', { id: '5', name: 'set_mode', args: { mode: 'heat' } });
  const answers = await broker.until((all) => {
    const found = all.filter(({ channel }) => channel === 'cmd/ack').map(({ body }) => body);
    return found.length === 7 && found;
  });

  expect(answers).toMatchObject([
    { id: '1', status: 'accepted' },
    { id: '1', status: 'done' },
    { id: '2', status: 'rejected' },
    { id: '3', status: 'rejected', detail: 'expired' },
    { id: '4', status: 'accepted' },
    { id: '4', status: 'done' },
    { id: '5', status: 'rejected', detail: 'this unit only cools' },
  ]);
  const isOff = await broker.until((all) =>
    all.find(
      ({ channel, body }) => channel === 'telemetry' && points(body).at(-1)?.values.power_on === false,
    ),
  );
  expect(isOff.deviceId).toBe('ac-01');
  expect(fleet.units()[0]?.faults).toEqual([]);
});

test('a fleet that ends says goodbye for every connected unit', async () => {
  await using broker = await openBroker();
  {
    await using fleet = openFleet(broker.url, { fleet: 3 });
    await expect.poll(() => fleet.counts().connected).toBe(3);
  }
  const goodbyes = broker.arrivals.filter(({ body }) => (body as { online?: boolean }).online === false);

  expect(goodbyes.map(({ deviceId }) => deviceId).sort()).toEqual(['ac-01', 'ac-02', 'ac-03']);
});

test('a unit whose password is refused asks for another one and connects with it', async () => {
  const passwords = new Map([['ac-01', 'new']]);
  await using broker = await openBroker(passwords);
  let password = 'old';
  await using fleet = openFleet(broker.url, {
    fleet: 1,
    deps: {
      credentials: (username) => ({ username, password }),
      renewCredentials: async () => {
        password = 'new';
        return true;
      },
    },
  });

  await expect.poll(() => fleet.units()[0]?.isConnected).toBe(true);
});

test('without anybody to ask, a refused unit says what to do', async () => {
  await using broker = await openBroker(new Map());
  const troubles: string[] = [];
  await using _fleet = openFleet(broker.url, {
    fleet: 1,
    deps: { onTrouble: (line) => troubles.push(line) },
  });

  await expect
    .poll(() => troubles[0])
    .toContain('refuses ac-01: register the fleet by passing --api and --token');
});
