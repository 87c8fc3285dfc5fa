import { expect, test } from 'vitest';
import { findDeviceModel } from '#contracts/device-models.ts';
import { compileRule } from '../compile/compile-rule.ts';
import { createEngine } from '../core/engine.ts';
import { batchOf, testDevice } from '../testing/batches.ts';
import { readSeries, stepsOfSeries } from '../testing/recorded-series.ts';
import { AC_RULES } from './ac-rules.ts';
import { PILE_RULES } from './pile-rules.ts';
import { SHIPPED_RULES } from './shipped-rules.ts';

const START_MS = 1_790_000_000_000;
const USUAL = {
  ac_unit: { model: 'split-generic', component: '' },
  charging_pile: { model: 'dc-pile-generic', component: 'connector-1' },
} as const;

/** Steps of alarms at those seconds since the start of the series. */
type Expected = Record<string, [state: string, seconds: number][]>;
const EXPECTED = JSON.parse(readSeries('expected.json')) as Expected;

function play(ruleId: string, series: string): [string, number][] {
  const rule = SHIPPED_RULES.find(({ id }) => id === ruleId);
  if (rule === undefined) throw new Error(`no rule ${ruleId}`);
  const { kind, models } = rule.appliesTo;
  const usual = USUAL[kind];
  const device = testDevice('unit-1', { kind, model: models?.[0] ?? usual.model });
  const engine = createEngine([compileRule(rule)], { maxHeldPerRow: 256 });
  const table = readSeries(`${ruleId}.${series}.csv`);
  return engine
    .process(batchOf(stepsOfSeries({ device, component: usual.component }, table, START_MS)))
    .map(({ to, atMs }) => [to, (atMs - START_MS) / 1000]);
}

test('at least twenty rules ship over both kinds, each of known models and with a name of its own', () => {
  expect(AC_RULES.length).toBeGreaterThanOrEqual(12);
  expect(PILE_RULES.length).toBeGreaterThanOrEqual(10);
  expect(SHIPPED_RULES.length).toBeGreaterThanOrEqual(20);
  expect(new Set(SHIPPED_RULES.map(({ id }) => id)).size).toBe(SHIPPED_RULES.length);
  for (const { appliesTo } of SHIPPED_RULES) {
    for (const model of appliesTo.models ?? []) {
      expect(findDeviceModel(model)?.kind, model).toBe(appliesTo.kind);
    }
  }
});

for (const { id } of SHIPPED_RULES) {
  test(`${id} raises on its recorded fault, returns after it, and stays silent on its confounder`, () => {
    expect(play(id, 'fault')).toEqual(EXPECTED[id]);
    expect(EXPECTED[id]?.map(([state]) => state)).toEqual(['unacknowledged', 'returned']);
    expect(play(id, 'confounder')).toEqual([]);
  });
}
