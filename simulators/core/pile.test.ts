import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isLegalMove, type OcppStatus } from './connector-status.ts';
import { SUBTROPICAL } from './environment.ts';
import {
  connectorOf,
  createPile,
  PILE_MODELS,
  type PileChange,
  type PileEvent,
  type PileModelId,
  type PileState,
} from './pile.ts';
import {
  changeAvailability,
  healPile,
  plugIn,
  raisePileFault,
  rebootPile,
  refuse,
  stopAll,
  unlock,
  wearConnector,
} from './pile-events.ts';
import { PILE_FAULT_MODES } from './pile-faults.ts';
import { recallPile } from './pile-history.ts';
import { readMeter } from './pile-meter.ts';
import { isTransaction } from './pile-session.ts';
import { advancePile } from './pile-step.ts';

const T0 = Date.UTC(2026, 10, 1);
const HOUR_MS = 3_600_000;

function pileOf(model: PileModelId, seed = 1): PileState {
  return createPile({ id: 'pile-01', model, seed, climate: { ...SUBTROPICAL, seed } });
}

/** A pile and all that it said, so that a test can go on where it stands. */
function openRun(first: PileState) {
  let pile = first;
  let nowMs = T0;
  const events: (PileEvent & { atMs: number })[] = [];
  const take = (change: PileChange): void => {
    pile = change.pile;
    events.push(...change.events.map((event) => ({ ...event, atMs: nowMs })));
  };
  return {
    events,
    pile: () => pile,
    take,
    set: (next: PileState) => {
      pile = next;
    },
    advance(ms: number, stepMs = 10_000) {
      for (let left = ms; left > 0; left -= stepMs) {
        nowMs += stepMs;
        take(advancePile(pile, Math.min(left, stepMs), nowMs));
      }
    },
    statusesOf: (connectorId: number) =>
      events.flatMap((event) =>
        event.type === 'status' && event.connectorId === connectorId ? [event.report.status] : [],
      ),
  };
}

type Act = (pile: PileState) => PileChange;
const connector = fc.integer({ min: 0, max: 2 });
const act: fc.Arbitrary<Act> = fc.oneof(
  fc.integer({ min: 1, max: 600_000 }).map(
    (ms): Act =>
      (pile) =>
        advancePile(pile, ms, T0),
  ),
  fc.tuple(fc.constantFrom(...PILE_FAULT_MODES), connector).map(
    ([mode, connectorId]): Act =>
      (pile) =>
        raisePileFault(pile, mode, { connectorId }),
  ),
  fc.constant<Act>(healPile),
  fc.constant<Act>((pile) => stopAll(pile, 'SoftReset')),
  connector.map(
    (id): Act =>
      (pile) =>
        unlock(pile, id),
  ),
  connector.map(
    (id): Act =>
      (pile) =>
        plugIn(pile, id),
  ),
  connector.map(
    (id): Act =>
      (pile) =>
        refuse(pile, id),
  ),
  fc.tuple(connector, fc.boolean()).map(
    ([id, isOn]): Act =>
      (pile) =>
        changeAvailability(pile, id, isOn),
  ),
);
const acts = fc.array(act, { maxLength: 60 });
const models = fc.constantFrom(...PILE_MODELS);

test('whatever happens, a connector only moves by the matrix, and every stop follows its start', () => {
  fc.assert(
    fc.property(models, fc.integer({ min: 0, max: 999 }), acts, (model, seed, chosen) => {
      const run = openRun(pileOf(model, seed));
      for (const one of chosen) run.take(one(run.pile()));
      for (const { id } of run.pile().connectors) {
        const path: OcppStatus[] = ['Available', ...run.statusesOf(id)];
        path.slice(1).forEach((to, index) => {
          expect(isLegalMove(path[index] ?? 'Available', to), `${path[index]} to ${to}`).toBe(true);
        });
        expect(path.at(-1)).toBe(run.pile().reported[id]?.status);
      }
      const open = new Set<number>();
      for (const event of run.events) {
        if (event.type === 'start') open.add(event.key);
        if (event.type === 'stop') expect(open.delete(event.key), 'a stop has its start').toBe(true);
      }
      const going = run.pile().connectors.filter(({ session }) => session !== null && isTransaction(session));
      expect(open.size).toBe(going.length);
    }),
    { numRuns: 60 },
  );
});

test('energy only grows, and nothing gets hotter than a connector can', () => {
  fc.assert(
    fc.property(
      models,
      fc.integer({ min: 0, max: 99 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (model, seed, level) => {
        const run = openRun(wearConnector(pileOf(model, seed), 1, { level }));
        run.take(plugIn(run.pile(), 1));
        let beforeWh = 0;
        for (let minute = 0; minute < 120; minute += 1) {
          run.advance(60_000, 30_000);
          for (const { contactC, registerWh, id } of run.pile().connectors) {
            expect(contactC).toBeGreaterThan(-20);
            expect(contactC).toBeLessThan(115);
            if (id !== 1) continue;
            expect(registerWh).toBeGreaterThanOrEqual(beforeWh);
            beforeWh = registerWh;
          }
          expect(run.pile().internalC).toBeLessThan(75);
        }
      },
    ),
    { numRuns: 20 },
  );
});

test('the same seed is the same run', () => {
  const live = () => {
    const run = openRun(pileOf('dc-pile-generic', 7));
    run.advance(6 * HOUR_MS);
    return run.events;
  };

  expect(live()).toEqual(live());
  expect(live().length).toBeGreaterThan(10);
});

test('a session is authorized, charges, ends when the vehicle has enough, and the vehicle goes', () => {
  const run = openRun(pileOf('dc-pile-generic'));
  run.take(plugIn(run.pile(), 1));
  run.advance(HOUR_MS);

  const own = run.events.filter(({ connectorId }) => connectorId === 1);
  expect(
    own.slice(0, 9).map((event) => (event.type === 'status' ? event.report.status : event.type)),
  ).toEqual([
    ...['authorize', 'Preparing', 'start', 'Charging', 'SuspendedEV', 'stop', 'Finishing', 'Available'],
    ...(own[8] === undefined ? [] : [own[8].type === 'status' ? own[8].report.status : own[8].type]),
  ]);
  const [start, stop] = ['start', 'stop'].map((type) => own.find((event) => event.type === type));
  if (start?.type !== 'start' || stop?.type !== 'stop') throw new Error('no session');
  expect(stop.meterWh - start.meterWh).toBeGreaterThan(15_000);
  expect(stop.reason).toBe('Local');
});

test.each([
  ['reader_hung', 'Soft', true],
  ['internal_error', 'Soft', false],
  ['internal_error', 'Hard', true],
  ['ground_failure', 'Hard', false],
  ['vendor_code', 'Hard', false],
] as const)('%s and a %s reset: cured %s', (mode, kind, isCured) => {
  const { pile } = raisePileFault(pileOf('dc-pile-generic'), mode, {});

  expect(rebootPile(pile, kind).faults).toHaveLength(isCured ? 0 : 1);
});

test('unlocking frees a jammed lock and nothing else', () => {
  const jammed = raisePileFault(pileOf('dc-pile-generic'), 'lock_jammed', { connectorId: 2 }).pile;
  const leaking = raisePileFault(jammed, 'ground_failure', { connectorId: 2 }).pile;

  const change = unlock(leaking, 2);

  expect(change.status).toBe('Unlocked');
  expect(change.pile.faults.map(({ mode }) => mode)).toEqual(['ground_failure']);
  expect(unlock(jammed, 2).events).toMatchObject([
    { type: 'status', report: { status: 'Available', error: { errorCode: 'NoError' } } },
  ]);
  expect(unlock(jammed, 9).status).toBe('NotSupported');
});

test('a ground failure ends the session and only somebody on site gets the connector back', () => {
  const run = openRun(pileOf('dc-pile-generic'));
  run.take(plugIn(run.pile(), 1));
  run.advance(60_000);
  run.take(raisePileFault(run.pile(), 'ground_failure', {}));

  expect(run.events.slice(-2)).toMatchObject([
    { type: 'stop', reason: 'Other' },
    { type: 'status', report: { status: 'Faulted', error: { errorCode: 'GroundFailure' } } },
  ]);
  expect(plugIn(run.pile(), 1).events).toEqual([]);
  run.take(healPile(run.pile()));
  expect(run.events.at(-1)).toMatchObject({
    report: { status: 'Available', error: { errorCode: 'NoError' } },
  });
});

test('out of service waits for the session to end and outlasts a reset', () => {
  const run = openRun(pileOf('dc-pile-generic'));
  run.take(plugIn(run.pile(), 1));
  run.advance(60_000);

  const change = changeAvailability(run.pile(), 1, false);
  run.take(change);
  expect(change.status).toBe('Scheduled');
  run.take(stopAll(run.pile(), 'HardReset'));
  expect(run.statusesOf(1).at(-1)).toBe('Unavailable');
  run.set(rebootPile(run.pile(), 'Hard'));
  expect(run.pile().reported[1]?.status).toBe('Unavailable');
  expect(changeAvailability(run.pile(), 7, false).status).toBe('Rejected');
});

test.each(PILE_MODELS)(
  'the rise of a %s by current squared tells its wear, once the contact has warmed',
  (model) => {
    const riseAt = (level: number): number => {
      const run = openRun(wearConnector(pileOf(model), 1, { level }));
      run.take(plugIn(run.pile(), 1));
      run.advance(16 * 60_000);
      const { values } = readMeter(run.pile(), 1, 'Sample.Periodic');
      const read = (measurand: string, location: string) =>
        Number(values.find((each) => each.measurand === measurand && each.location === location)?.value);
      return (
        (1_000 * (read('Temperature', 'Outlet') - read('Temperature', 'Inlet'))) /
        read('Current.Import', 'Outlet') ** 2
      );
    };

    expect(riseAt(0.5) / riseAt(0)).toBeGreaterThan(1.7);
    expect(riseAt(0.5) / riseAt(0)).toBeLessThan(2.3);
  },
);

test('a past of three weeks is a row of ended sessions whose rise grows', () => {
  const toMs = T0 + 21 * 24 * HOUR_MS;
  const { pile, entries } = recallPile(pileOf('dc-pile-generic'), {
    fromMs: T0,
    toMs,
    stepMs: 300_000,
    sessionsPerDay: 6,
    connectorId: 1,
    fromLevel: 0.1,
    toLevel: 0.5,
  });

  const starts = entries.filter((entry) => 'event' in entry && entry.event.type === 'start');
  const stops = entries.filter((entry) => 'event' in entry && entry.event.type === 'stop');
  expect(starts).toHaveLength(126);
  expect(stops).toHaveLength(126);
  expect(entries.map(({ atMs }) => atMs)).toEqual(entries.map(({ atMs }) => atMs).sort((a, b) => a - b));
  expect(entries.at(-1)?.atMs).toBeLessThanOrEqual(toMs);
  expect(connectorOf(pile, 1)?.wear).toBeCloseTo(0.5, 1);
  expect(connectorOf(pile, 1)?.session).toBeNull();
});
