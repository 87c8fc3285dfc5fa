import { expect, test } from 'vitest';
import { DEVICE_MODELS } from '#contracts/device-models.ts';
import { STATE_CODE } from '#contracts/fault-code-map.ts';
import { faultFamily } from '#contracts/faults.ts';
import { compileRule } from '../compile/compile-rule.ts';
import { createEngine } from '../core/engine.ts';
import { batchOf, type Step, testDevice } from '../testing/batches.ts';
import { SHIPPED_RULES } from './shipped-rules.ts';

const NOW_MS = 1_790_000_000_000;
const RULES = SHIPPED_RULES.map((rule) => compileRule(rule));

for (const { id: model, kind, faultCodes } of DEVICE_MODELS) {
  test(`${model}: each fault code opens an alarm of its family, codes that are states open nothing`, () => {
    const device = testDevice('unit-1', { kind, model });
    const engine = createEngine(RULES, { maxHeldPerRow: 256 });
    const component = kind === 'charging_pile' ? 'connector-1' : '';
    const told = Object.keys(faultCodes).map(
      (code): Step => ({
        type: 'fault',
        device,
        component,
        code,
        state: 'raised',
        observedAtMs: NOW_MS,
        receivedAtMs: NOW_MS,
        detail: null,
      }),
    );
    const opened = engine
      .process(batchOf(told))
      .map(({ to, faultCode, faultFamily: family, severity, action, ruleId }) => {
        expect([to, action, ruleId]).toEqual(['unacknowledged', 'ticket', null]);
        expect(severity).toBe(faultFamily(family).severity);
        return [faultCode, family];
      });
    const faults = Object.entries(faultCodes).filter(([, family]) => family !== STATE_CODE);
    expect(opened).toEqual(faults);
  });
}
