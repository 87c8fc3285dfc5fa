import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SUBTROPICAL } from './environment.ts';
import { changeSetpoint, clearProtections, defrost, heal, hotDay, inject, restart } from './events.ts';
import { FAILURE_MODES, type FailureMode } from './failure.ts';
import { saturationCelsius, saturationKpa } from './refrigerant.ts';
import type { Values } from './sensors.ts';
import { series, settledUnit, step } from './simulate.ts';
import { advance } from './step.ts';
import type { ModelId, UnitState } from './unit.ts';

const SUMMER_MS = Date.UTC(2026, 6, 14, 6);
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

function unit(
  options: { model?: ModelId; setpointC?: number; seed?: number; atMs?: number } = {},
): UnitState {
  const { model = 'split-generic', setpointC = 25, seed = 1, atMs = SUMMER_MS } = options;
  return settledUnit({ id: 'ac-01', model, seed, setpointC, climate: { ...SUBTROPICAL, seed } }, atMs);
}

/** Mean of ten looks, ten seconds apart. */
function look(state: UnitState): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {};
  let next = state;
  for (let index = 0; index < 10; index += 1) {
    const seen = step(next, 10_000);
    next = seen.state;
    for (const [metric, value] of Object.entries(seen.values)) {
      if (typeof value === 'number') sums[metric] = (sums[metric] ?? 0) + value / 10;
    }
  }
  return { ...sums, dt: (sums.return_temp ?? 0) - (sums.supply_temp ?? 0) };
}

const BANDS: Readonly<Record<string, readonly [number, number]>> = {
  discharge_temp: [35, 95],
  condensing_over_ambient: [10, 16],
  superheat: [4, 8],
  subcooling: [4, 8],
  coil_temp: [6, 12],
  filter_dp: [40, 90],
  dc_bus_voltage: [310, 380],
  ipm_temp: [0, 75],
  rssi: [-70, -50],
  drain_level: [0, 40],
  vibration: [0, 2.8],
  suction_pressure: [750, 1_050],
  discharge_pressure: [1_400, 3_400],
  chilled_supply_temp: [4, 10],
  evaporator_approach: [1, 2],
  condenser_approach: [1, 2],
};

function outOfBand(values: Values): string[] {
  const broken = Object.entries(BANDS).flatMap(([metric, [low, high]]) => {
    const value = values[metric];
    return typeof value === 'number' && (value < low || value > high) ? [`${metric} ${value}`] : [];
  });
  const { return_temp: back, supply_temp: supply } = values;
  if (typeof back === 'number' && typeof supply === 'number') {
    const airK = back - supply;
    if (airK < 8 || airK > 12) broken.push(`dT ${airK}`);
  }
  return broken;
}

describe('a healthy unit', () => {
  test.each([
    ['split-generic', 24],
    ['split-generic', 26],
    ['vrf-generic', 25],
    ['chiller-generic', 23],
  ] as const)('%s at %d °C stays inside the normal bands over a year of weather', (model, setpointC) => {
    const broken = new Set<string>();
    for (let day = 0; day < 365; day += 7) {
      let state = unit({ model, setpointC, seed: day, atMs: Date.UTC(2026, 0, 1 + day) });
      for (let hour = 0; hour < 24; hour += 2) {
        const seen = step(state, 2 * HOUR_MS);
        state = seen.state;
        for (const finding of outOfBand(seen.values)) broken.add(`${finding}, day ${day} hour ${hour}`);
      }
      if (state.action !== 'cooling' || state.protections.length > 0) broken.add(`stopped on day ${day}`);
    }

    expect([...broken]).toEqual([]);
  });

  test('a hot day, a new setpoint, a defrost and a restart trip nothing', () => {
    let state = unit();
    for (const confounder of [
      (now: UnitState) => hotDay(now, 6),
      (now: UnitState) => changeSetpoint(now, 23),
      defrost,
      restart,
    ]) {
      state = advance(confounder(state), 20 * MINUTE_MS);
      expect(state.protections).toEqual([]);
    }
    expect(state.action).toBe('cooling');
  });

  test('a hot day raises the pressure but not the condensing temperature over ambient', () => {
    const normal = look(advance(unit(), 30 * MINUTE_MS));
    const hot = look(advance(hotDay(unit(), 5), 30 * MINUTE_MS));

    expect(hot.discharge_pressure).toBeGreaterThan((normal.discharge_pressure ?? 0) + 200);
    expect(Math.abs((hot.condensing_over_ambient ?? 0) - (normal.condensing_over_ambient ?? 0))).toBeLessThan(
      1,
    );
  });

  test('the same seed tells the same series, another seed another one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_294_967_295 }), (seed) => {
        const window = { toMs: SUMMER_MS + HOUR_MS, stepMs: 5 * MINUTE_MS };
        const once = series(unit({ seed }), window).points;
        expect(series(unit({ seed }), window).points).toEqual(once);
        expect(series(unit({ seed: seed + 1 }), window).points).not.toEqual(once);
      }),
      { numRuns: 10 },
    );
  });

  test('a derived value is only reported while the compressor runs', () => {
    const stopped = step({ ...unit(), isOn: false }, MINUTE_MS).values;

    expect(stopped.compressor_hz).toBe(0);
    expect(stopped).not.toHaveProperty('superheat');
    expect(step(unit(), MINUTE_MS).values).toHaveProperty('superheat');
  });
});

describe('a failing unit moves its signals together', () => {
  const up = 1;
  const down = -1;
  const table: readonly [FailureMode, number, Readonly<Record<string, number>>][] = [
    [
      'refrigerant_leak',
      0.5,
      {
        suction_pressure: down,
        superheat: up,
        subcooling: down,
        discharge_temp: up,
        eev_steps: up,
        compressor_hz: up,
      },
    ],
    [
      'condenser_fouling',
      0.8,
      {
        discharge_pressure: up,
        condensing_over_ambient: up,
        power: up,
        compressor_current: up,
        discharge_temp: up,
        subcooling: up,
      },
    ],
    [
      'filter_clogging',
      0.8,
      { filter_dp: up, dt: up, suction_pressure: down, coil_temp: down, superheat: down },
    ],
    ['evaporator_fouling', 0.5, { suction_pressure: down, coil_temp: down, superheat: down }],
    ['fan_bearing', 0.8, { fan_rpm: down, fan_current: up, vibration: up, coil_temp: down }],
    ['compressor_wear', 0.8, { compressor_hz: up, discharge_temp: up, vibration: up }],
    ['drain_blocked', 0.8, { drain_level: up }],
    ['sensor_drift', 0.8, { room_temp: down }],
  ];

  test.each(table)('%s', (mode, level, directions) => {
    const settleMs = mode === 'sensor_drift' ? 3 * HOUR_MS : 40 * MINUTE_MS;
    const before = look(advance(unit(), settleMs));
    const after = look(advance(inject(unit(), mode, { to: level, overS: 0 }), settleMs));

    for (const [metric, direction] of Object.entries(directions)) {
      const moved = (after[metric] ?? 0) - (before[metric] ?? 0);
      expect(Math.sign(moved), `${metric} moved by ${moved}`).toBe(direction);
      expect(Math.abs(moved), metric).toBeGreaterThan(Math.abs(before[metric] ?? 0) * 0.004);
    }
  });

  test('a drifting sensor parts from its neighbour', () => {
    const { return_temp: back = 0, room_temp: room = 0 } = look(
      inject(unit(), 'sensor_drift', { to: 0.5, overS: 0 }),
    );

    expect(back - room).toBeGreaterThan(2.5);
  });

  test.each([
    ['high_pressure', 'high_pressure', true],
    ['refrigerant_leak', 'refrigerant_shortage', false],
    ['fan_bearing', 'indoor_fan', true],
    ['drain_blocked', 'drain', false],
  ] as const)('%s ends in the protection %s', (mode, family, stops) => {
    let state = inject(unit(), mode, { to: 1 });
    for (let second = 0; second < 1_200; second += 1) state = advance(state, 1_000);

    expect(state.protections).toContain(family);
    expect(state.hz === 0).toBe(stops);
  });

  test('high pressure trips within seconds in any season', () => {
    for (let day = 0; day < 365; day += 30) {
      let state = inject(unit({ atMs: SUMMER_MS + day * DAY_MS }), 'high_pressure', { to: 1 });
      for (let second = 0; second < 30; second += 1) state = advance(state, 1_000);
      expect(state.protections, `day ${day}`).toEqual(['high_pressure']);
    }
  });

  test('a cleared protection trips again while its cause is there', () => {
    const tripped = advance(inject(unit(), 'high_pressure', { to: 1, overS: 0 }), 5 * MINUTE_MS);
    const cleared = advance(clearProtections(tripped), 5 * MINUTE_MS);

    expect(tripped.hz).toBe(0);
    expect(cleared.protections).toEqual(['high_pressure']);
  });

  test.each(FAILURE_MODES)('a unit healed of %s runs as before', (mode) => {
    let state = advance(inject(unit(), mode, { to: 1 }), 20 * MINUTE_MS);
    state = heal(state);
    for (let second = 0; second < 1_200; second += 1) state = advance(state, 1_000);
    const { values } = step(state, 3 * HOUR_MS);

    expect(state.protections).toEqual([]);
    expect(outOfBand(values)).toEqual([]);
  });

  test('a fouled condenser stands out by its temperature over ambient', () => {
    const fouled = look(advance(inject(unit(), 'condenser_fouling', { to: 1, overS: 0 }), 20 * MINUTE_MS));

    expect(fouled.condensing_over_ambient).toBeGreaterThan(22);
  });
});

test('saturation pressure and temperature of R410A are inverse and near the tables', () => {
  fc.assert(
    fc.property(fc.double({ min: -25, max: 65, noNaN: true }), (celsius) => {
      expect(saturationCelsius(saturationKpa(celsius))).toBeCloseTo(celsius, 6);
    }),
  );
  for (const [celsius, absoluteKpa] of [
    [0, 799],
    [10, 1_085],
    [40, 2_420],
    [60, 3_838],
  ] as const) {
    expect(saturationKpa(celsius) + 101.3).toBeGreaterThan(absoluteKpa * 0.99);
    expect(saturationKpa(celsius) + 101.3).toBeLessThan(absoluteKpa * 1.01);
  }
});
