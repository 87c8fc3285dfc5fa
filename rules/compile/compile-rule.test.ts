import type { Environment } from '@marcbachmann/cel-js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findMetric, METRICS, metricIndex } from '#contracts/metrics.ts';
import type { AlarmRule } from '#contracts/rules.ts';
import { CELLS_PER_ROW, type ConditionView, UNKNOWN } from '../core/compiled-rule.ts';
import { createWindowStore } from '../core/windows.ts';
import { testRule } from '../testing/batches.ts';
import { celEnvironment } from './cel-environment.ts';
import { compileRule } from './compile-rule.ts';

const NOW_MS = 1_790_000_000_000;
type Values = Readonly<Record<string, number | string | boolean>>;

function viewOf(values: Values, codes: readonly string[] = []): ConditionView {
  const cells = new Float64Array(CELLS_PER_ROW).fill(Number.NEGATIVE_INFINITY);
  for (const [name, value] of Object.entries(values)) {
    const slot = metricIndex('ac_unit', name);
    if (slot === undefined) continue;
    const position = findMetric('ac_unit', name)?.values?.indexOf(String(value)) ?? Number(value);
    cells[2 * slot] = position;
    cells[2 * slot + 1] = NOW_MS;
  }
  return {
    cells,
    online: Int8Array.of('online' in values ? Number(values.online) : UNKNOWN),
    windows: createWindowStore(),
    model: () => String(values.model ?? 'split-generic'),
    attribute: (_, name) =>
      values[`attr.${name}`] === undefined ? undefined : String(values[`attr.${name}`]),
    hasFault: (_, code) => codes.includes(code),
    missedSince: () => Number.NaN,
  };
}

const evaluate = (condition: string, values: Values, codes: readonly string[] = []): number =>
  compileRule(testRule({ condition })).raise(viewOf(values, codes), 0, NOW_MS);

test('a short condition that would become endless code is refused, whatever makes it grow', () => {
  const chain = (terms: number) => Array.from({ length: terms }, () => 'power_on').join(' == ');
  const nested = `${'('.repeat(40)}power_on${' ? power_on : online)'.repeat(40)}`;
  const list = Array.from({ length: 250 }, () => 'true').join(', ');
  for (const condition of [chain(25), nested, `(${chain(13)}) in [${list}]`]) {
    expect(() => compileRule(testRule({ condition }))).toThrow(
      expect.objectContaining({ code: 'RULES_CONDITION_TOO_LARGE', kind: 'invalid' }),
    );
  }
  expect(evaluate(chain(3), { power_on: true })).toBe(1);
  expect(evaluate('--humidity > 1.0 && ---humidity < 0.0', { humidity: 5 })).toBe(1);
  expect(evaluate(`${'-'.repeat(1_000)}humidity > 1.0`, { humidity: 5 })).toBe(1);
});

describe('errors tell the line and the column', () => {
  const cases: [condition: string, code: string, where: string][] = [
    ['discharge_temp >', 'RULES_CONDITION_SYNTAX', 'line 1, column 17'],
    ['discharge_temp > 5 &&\n  suply_temp < 3', 'RULES_CONDITION_UNKNOWN_NAME', 'line 2, column 3'],
    ['absent("suply_temp", 60)', 'RULES_CONDITION_UNKNOWN_NAME', 'line 1, column 8'],
    ['median(discharge_temp) > 5', 'RULES_CONDITION_UNKNOWN_FUNCTION', 'line 1, column 1'],
    ['online && discharge_temp > "5"', 'RULES_CONDITION_TYPE', 'line 1, column 11'],
    ['discharge_temp', 'RULES_CONDITION_TYPE', 'line 1, column 1'],
    ['mode == "cold"', 'RULES_CONDITION_TYPE', 'line 1, column 1'],
    ['avg("mode", 60) > 1', 'RULES_CONDITION_TYPE', 'line 1, column 1'],
    ['avg("humidity", 60 * 2) > 1', 'RULES_CONDITION_WINDOW', 'line 1, column 17'],
    ['avg("humidity", 0) > 1', 'RULES_CONDITION_WINDOW', 'line 1, column 17'],
    ['(power_on ? 1.0 : 2.0) < humidity', 'RULES_CONDITION_UNSUPPORTED', 'line 1, column 2'],
  ];
  for (const [condition, code, where] of cases) {
    test(`${code} for ${condition.replace('\n', ' ')}`, () => {
      expect(() => compileRule(testRule({ condition }))).toThrow(
        expect.objectContaining({ code, kind: 'invalid', message: expect.stringContaining(where) }),
      );
    });
  }

  const bad: [Partial<AlarmRule>, string][] = [
    [{ deadband: { supply_temp: 1 } }, 'RULES_DEADBAND_UNUSED'],
    [{ faultFamily: 'gremlins' }, 'RULES_FAULT_FAMILY_UNKNOWN'],
    [{ condition: 'model == "split-generic"' }, 'RULES_CONDITION_CONSTANT'],
  ];
  for (const [changes, code] of bad) {
    test(`${code} for a rule that cannot mean what it says`, () => {
      expect(() => compileRule(testRule({ condition: 'discharge_temp > 1.0', ...changes }))).toThrow(
        expect.objectContaining({ code }),
      );
    });
  }
});

describe('unknown', () => {
  const cases: [condition: string, values: Values, verdict: number][] = [
    ['supply_temp > 5.0', {}, -1],
    ['supply_temp > 5.0 && power_on', { power_on: false }, 0],
    ['supply_temp > 5.0 && power_on', { power_on: true }, -1],
    ['supply_temp > 5.0 || power_on', { power_on: true }, 1],
    ['supply_temp > 5.0 || power_on', { power_on: false }, -1],
    ['!(supply_temp > 5.0)', {}, -1],
    ['supply_temp == 5.0', {}, -1],
    ['supply_temp != 5.0', {}, -1],
    ['supply_temp - return_temp > 5.0', { supply_temp: 9 }, -1],
    ['mode != "cool"', {}, -1],
    ['mode in ["cool", "dry"]', {}, -1],
    ['attr("class") != "a" && supply_temp > 0.0', { supply_temp: 1 }, -1],
    ['online', {}, -1],
    ['power_on ? supply_temp > 1.0 : supply_temp > 9.0', { supply_temp: 10 }, -1],
    ['power_on == online', { power_on: true }, -1],
    ['avg("supply_temp", 60) > 1.0', { supply_temp: 1 }, -1],
    ['hours_to("filter_dp", 250.0, 336) < 168.0', { filter_dp: 100 }, -1],
    ['fault("E1")', {}, 0],
  ];
  for (const [condition, values, verdict] of cases) {
    test(`${condition} with ${JSON.stringify(values)} is ${['unknown', 'false', 'true'][verdict + 1]}`, () => {
      expect(evaluate(condition, values)).toBe(verdict);
    });
  }

  test('a value counts for three cadences, or as long as the rule says', () => {
    const view = viewOf({ supply_temp: 10 });
    const usual = compileRule(testRule({ condition: 'supply_temp > 5.0' }));
    const patient = compileRule(testRule({ condition: 'supply_temp > 5.0', maxAgeMs: 600_000 }));
    expect([90_000, 90_001].map((age) => usual.raise(view, 0, NOW_MS + age))).toEqual([1, -1]);
    expect([600_000, 600_001].map((age) => patient.raise(view, 0, NOW_MS + age))).toEqual([1, -1]);
  });
});

test('a deadband moves limits in the direction that keeps the alarm, through negations, and only its metric', () => {
  const deadband = { supply_temp: 2 };
  const holds = (condition: string, supply_temp: number): number =>
    compileRule(testRule({ condition, deadband })).hold(viewOf({ supply_temp, humidity: 50 }), 0, NOW_MS);
  expect([3.1, 3].map((t) => holds('supply_temp > 5.0 && humidity > 49.0', t))).toEqual([1, 0]);
  expect([6.9, 7].map((t) => holds('supply_temp < 5.0', t))).toEqual([1, 0]);
  expect([3.1, 3].map((t) => holds('5.0 < supply_temp', t))).toEqual([1, 0]);
  expect([3.1, 3].map((t) => holds('!(supply_temp <= 5.0)', t))).toEqual([1, 0]);
  expect(holds('supply_temp > 5.0 && humidity > 50.0', 10)).toBe(0);
});

const METRIC_NUMBERS = ['supply_temp', 'humidity', 'compressor_hz'] as const;

const numeric: fc.Arbitrary<string> = fc.letrec<{ any: string; deep: string }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constantFrom(...METRIC_NUMBERS),
    fc.integer({ min: -40, max: 40 }).map((n) => `${n / 4}`.replace(/^(-?\d+)$/, '$1.0')),
    tie('deep'),
  ),
  deep: fc
    .tuple(tie('any'), fc.constantFrom('+', '-', '*', '/'), tie('any'))
    .map(([a, op, b]) => `(${a} ${op} ${b})`),
})).any;

const compared = fc
  .tuple(numeric, fc.constantFrom('<', '<=', '>', '>=', '==', '!='), numeric)
  .map(([a, op, b]) => `(${a} ${op} ${b})`);
const worded = fc.oneof(
  fc.constantFrom('power_on', 'online', '!power_on', 'fault("E1")', 'true', 'false'),
  fc
    .tuple(fc.constantFrom('==', '!='), fc.constantFrom('off', 'cool', 'heat'))
    .map(([op, m]) => `mode ${op} "${m}"`),
  fc.constantFrom('mode in ["cool", "dry"]', '"cool" == mode', 'model != "x"', 'attr("class") == "a"'),
  fc.constantFrom('humidity in [1.0, 2.0]', 'power_on == online'),
);
const logical: fc.Arbitrary<string> = fc.letrec<{ any: string; deep: string }>((tie) => ({
  any: fc.oneof({ maxDepth: 4 }, compared, worded, tie('deep')),
  deep: fc.oneof(
    fc.tuple(tie('any'), fc.constantFrom('&&', '||'), tie('any')).map(([a, op, b]) => `(${a} ${op} ${b})`),
    tie('any').map((a) => `!(${a})`),
    fc.tuple(tie('any'), tie('any'), tie('any')).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
  ),
})).any;

const values = fc.record({
  supply_temp: fc.integer({ min: -40, max: 40 }).map((n) => n / 4),
  humidity: fc.integer({ min: 0, max: 8 }).map((n) => n / 2),
  compressor_hz: fc.integer({ min: 0, max: 90 }),
  power_on: fc.boolean(),
  online: fc.boolean(),
  mode: fc.constantFrom(...(findMetric('ac_unit', 'mode')?.values ?? [])),
  model: fc.constantFrom('x', 'split-generic'),
  'attr.class': fc.constantFrom('a', 'b'),
});

test('a compiled condition agrees with the CEL evaluator wherever every value is known', () => {
  fc.assert(
    fc.property(logical, values, fc.boolean(), (condition, known, hasFault) => {
      const environment: Environment = celEnvironment(
        'ac_unit',
        (name) => () => (name === 'fault' ? hasFault : known['attr.class']),
      );
      const context = { ...Object.fromEntries(METRICS.ac_unit.map(({ name }) => [name, 0])), ...known };
      const whole = `(${condition}) && (online || !online)`;
      const verdict = evaluate(whole, known, hasFault ? ['E1'] : []);
      const expected = environment.evaluate(whole, context) === true ? 1 : 0;
      if (!condition.includes('/')) expect(verdict).not.toBe(UNKNOWN);
      fc.pre(verdict !== UNKNOWN);
      expect(verdict).toBe(expected);
    }),
    { numRuns: 3_000 },
  );
});
