import { expect, test } from 'vitest';
import { compileRule } from '../compile/compile-rule.ts';
import { createEngine } from '../core/engine.ts';
import { batchOf, testDevice, testRule } from '../testing/batches.ts';
import { guardRule } from './guard-rule.ts';

test('a rule that throws is put out of action once, and the others go on', () => {
  const errors: unknown[] = [];
  const guard = (id: string) =>
    guardRule(compileRule(testRule({ id, condition: 'room_temp > 30.0' })), (error) => errors.push(error));
  const failing = guardRule(
    {
      ...compileRule(testRule({ id: 'failing', condition: 'room_temp > 30.0' })),
      raise: () => {
        throw new RangeError('beyond');
      },
    },
    (error) => errors.push(error),
  );
  const engine = createEngine([guard('first'), failing, guard('last')], { maxHeldPerRow: 10 });
  const device = testDevice('ac-1');
  const at = (atMs: number, room_temp: number) => ({ device, atMs, values: { room_temp } });
  const transitions = engine.process(batchOf([at(1_000, 35), at(2_000, 20), at(3_000, 35)]));
  expect(errors).toEqual([new RangeError('beyond')]);
  expect(transitions.filter(({ to }) => to === 'unacknowledged').map(({ ruleId }) => ruleId)).toEqual([
    'first',
    'last',
    'first',
    'last',
  ]);
});
