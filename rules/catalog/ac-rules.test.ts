import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { findDeviceModel } from '#contracts/device-models.ts';
import type { DeviceRef } from '#contracts/point-batch.ts';
import { compileRule } from '../compile/compile-rule.ts';
import { createEngine } from '../core/engine.ts';
import { batchOf, type Step, testDevice } from '../testing/batches.ts';
import { AC_RULES } from './ac-rules.ts';

const START_MS = 1_790_000_000_000;
const TICK_MS = 5_000;
const folder = new URL('../testdata/', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8');

/** Steps of alarms at those seconds since the start of the series. */
type Expected = Record<string, [state: string, seconds: number][]>;
const EXPECTED = JSON.parse(read('expected.json')) as Expected;

/** The values of one line; empty cells are left out. */
function readLine(names: readonly string[], line: string): Record<string, number | string> {
  const values: Record<string, number | string> = {};
  line.split(',').forEach((cell, i) => {
    const name = names[i] ?? '';
    if (cell !== '') values[name] = name === 'action' ? cell : Number(cell);
  });
  return values;
}

function stepsOf(device: DeviceRef, table: string): Step[] {
  const [head, ...lines] = table.trim().split('\n');
  const names = head?.split(',') ?? [];
  const steps: Step[] = [{ type: 'presence', device, isOnline: true, atMs: START_MS - 1 }];
  let nowMs = START_MS;
  for (const line of lines) {
    const { seconds, online, ...values } = readLine(names, line);
    const atMs = START_MS + Number(seconds) * 1000;
    for (nowMs += TICK_MS; nowMs < atMs; nowMs += TICK_MS) steps.push({ type: 'tick', atMs: nowMs });
    nowMs = atMs;
    if (online !== undefined) steps.push({ type: 'presence', device, isOnline: online === 1, atMs });
    else steps.push({ device, atMs, values });
  }
  return steps;
}

function play(ruleId: string, series: string): [string, number][] {
  const rule = AC_RULES.find(({ id }) => id === ruleId);
  if (rule === undefined) throw new Error(`no rule ${ruleId}`);
  const device = testDevice('ac-1', { model: rule.appliesTo.models?.[0] ?? 'split-generic' });
  const engine = createEngine([compileRule(rule)], { maxHeldPerRow: 256 });
  return engine
    .process(batchOf(stepsOf(device, read(`${ruleId}.${series}.csv`))))
    .map(({ to, atMs }) => [to, (atMs - START_MS) / 1000]);
}

test('at least twelve rules ship for air conditioners, each of a known model and with a name of its own', () => {
  expect(AC_RULES.length).toBeGreaterThanOrEqual(12);
  expect(new Set(AC_RULES.map(({ id }) => id)).size).toBe(AC_RULES.length);
  for (const { appliesTo } of AC_RULES) {
    for (const model of appliesTo.models ?? []) expect(findDeviceModel(model)).toBeDefined();
  }
});

for (const { id } of AC_RULES) {
  test(`${id} raises on its recorded fault, returns after it, and stays silent on its confounder`, () => {
    expect(play(id, 'fault')).toEqual(EXPECTED[id]);
    expect(EXPECTED[id]?.map(([state]) => state)).toEqual(['unacknowledged', 'returned']);
    expect(play(id, 'confounder')).toEqual([]);
  });
}
