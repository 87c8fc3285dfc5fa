import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadScenario } from './load-scenario.ts';
import { parseScenario, resizeScenario } from './scenario.ts';

test.each(['demo', 'quiet', 'storm'])('%s ships and is sound', (name) => {
  const scenario = loadScenario(name);

  expect(scenario.unitIds).toHaveLength(scenario.fleet);
  expect(new Set(scenario.unitIds).size).toBe(scenario.fleet);
});

test('the demo tells three stories of three units', () => {
  const { events, unitIds } = loadScenario('demo');

  expect(unitIds).toHaveLength(20);
  expect(events.map(({ unit, do: what }) => [unit, what])).toEqual([
    ['ac-07', 'history'],
    ['ac-03', 'fault'],
    ['ac-12', 'offline'],
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
      '  events.0.do must be one of fault, wear, heal, clear, offline, online, history, setpoint, hot_day, defrost, restart.',
      '  events.0.mode must be one of high_pressure, refrigerant_leak, condenser_fouling, filter_clogging, evaporator_fouling, compressor_wear, fan_bearing, sensor_drift, drain_blocked, code, offline.',
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

test('a missing file names the scenarios that ship; a broken one says so', () => {
  const folder = mkdtempSync(join(tmpdir(), 'scenario-'));
  const broken = join(folder, 'broken.json');
  writeFileSync(broken, '{');

  expect(() => loadScenario('nowhere')).toThrow('one of demo, quiet, storm');
  expect(() => loadScenario(broken)).toThrow('is not JSON');
  rmSync(folder, { recursive: true });
});
