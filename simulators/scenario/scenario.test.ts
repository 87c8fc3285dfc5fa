import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadScenario } from './load-scenario.ts';
import { eventsFor, parseScenario, resizeScenario } from './scenario.ts';

test.each(['demo', 'quiet', 'storm'])('%s ships and is sound', (name) => {
  const scenario = loadScenario(name);

  expect(scenario.unitIds).toHaveLength(scenario.fleet);
  expect(new Set(scenario.unitIds).size).toBe(scenario.fleet);
});

test('the demo tells six stories of three air conditioners and three piles', () => {
  const { events, unitIds, pileIds } = loadScenario('demo');

  expect(unitIds).toHaveLength(20);
  expect(pileIds).toHaveLength(10);
  expect(events.map(({ unit, do: what }) => [unit, what])).toEqual([
    ['ac-07', 'history'],
    ['pile-06', 'history'],
    ['ac-03', 'fault'],
    ['ac-12', 'offline'],
    ['pile-03', 'fault'],
    ['pile-08', 'fault'],
  ]);
});

test('every mistake in a scenario gets a sentence that names its place', () => {
  const wrong = {
    seed: -1,
    fleet: 'many',
    events: [{ atS: -1, unit: 'ac-01', do: 'explode', mode: 'gremlins', colour: 'red' }],
  };

  expect(() => parseScenario('wrong', wrong)).toThrow(
    [
      'scenario wrong cannot be used:',
      '  seed must be >= 0.',
      '  fleet must be of type integer.',
      '  events.0 has fields that mean nothing here: colour.',
      '  events.0.atS must be >= 0.',
      '  events.0.do must be one of fault, wear, heal, clear, offline, online, history, setpoint, hot_day, defrost, restart, session.',
      '  events.0.mode must be one of high_pressure, refrigerant_leak, condenser_fouling, filter_clogging, evaporator_fouling, compressor_wear, fan_bearing, sensor_drift, drain_blocked, code, offline, reader_hung, lock_jammed, ground_failure, vendor_code, over_temperature, internal_error, connector_wear, comm_glitch, silent.',
    ].join('\n'),
  );
});

test.each([
  [{ unit: 'ac-99', do: 'heal' }, 'events.0.unit: ac-99 is no unit of this fleet of 2'],
  [{ unit: 'ac-01', do: 'fault' }, 'a fault needs a mode'],
  [{ unit: 'ac-01', do: 'fault', mode: 'code' }, 'needs a code'],
  [{ unit: 'ac-01', do: 'wear', mode: 'offline' }, 'wear needs a mode of the physics'],
  [{ unit: 'ac-01', do: 'wear', mode: 'fan_bearing' }, 'wear needs a level'],
  [{ unit: 'ac-01', do: 'history' }, 'the number of days'],
  [{ unit: 'ac-01', do: 'history', days: 2, atS: 5 }, 'atS must be 0'],
  [{ unit: '*', do: 'setpoint' }, 'setpoint needs a value'],
])('an event %j is refused: %s', (event, sentence) => {
  const content = { seed: 1, fleet: 2, events: [{ atS: 0, ...event }] };

  expect(() => parseScenario('wrong', content)).toThrow(sentence);
});

test('a scenario can be resized as long as its events still have their units', () => {
  expect(resizeScenario(loadScenario('demo'), { fleet: 200, seed: 3 })).toMatchObject({
    fleet: 200,
    seed: 3,
  });
  expect(() => resizeScenario(loadScenario('demo'), { fleet: 5 })).toThrow(
    'ac-07 is no unit of this fleet of 5',
  );
});

test('without piles their stories are left out; what is for all reaches those who know it', () => {
  const none = resizeScenario(loadScenario('demo'), { piles: 0 });
  expect(none.pileIds).toEqual([]);
  expect(none.events.map(({ unit }) => unit)).toEqual(['ac-07', 'ac-03', 'ac-12']);

  const mixed = parseScenario('mixed', {
    seed: 1,
    fleet: 1,
    pileFleet: 1,
    events: [
      { atS: 0, unit: '*', do: 'defrost' },
      { atS: 0, unit: '*', do: 'heal' },
      { atS: 0, unit: 'pile-01', do: 'fault', mode: 'reader_hung' },
    ],
  });
  expect(eventsFor(mixed, 'ac_unit').map((event) => event.do)).toEqual(['defrost', 'heal']);
  expect(eventsFor(mixed, 'charging_pile').map((event) => event.do)).toEqual(['heal', 'fault']);
});

test.each([
  [{ unit: 'pile-01', do: 'defrost' }, 'defrost means nothing to pile-01'],
  [{ unit: 'pile-01', do: 'fault', mode: 'fan_bearing' }, 'fan_bearing means nothing to pile-01'],
  [{ unit: 'ac-01', do: 'fault', mode: 'lock_jammed' }, 'lock_jammed means nothing to ac-01'],
  [{ unit: 'pile-09', do: 'heal' }, 'pile-09 is no unit of this fleet of 1 and 1 piles'],
])('%j is refused: %s', (event, sentence) => {
  const content = { seed: 1, fleet: 1, pileFleet: 1, events: [{ atS: 0, ...event }] };

  expect(() => parseScenario('wrong', content)).toThrow(sentence);
});

test('a missing file names the scenarios that ship; a broken one says so', () => {
  const folder = mkdtempSync(join(tmpdir(), 'scenario-'));
  const broken = join(folder, 'broken.json');
  writeFileSync(broken, '{');

  expect(() => loadScenario('nowhere')).toThrow('one of demo, quiet, storm');
  expect(() => loadScenario(broken)).toThrow('is not JSON');
  rmSync(folder, { recursive: true });
});
