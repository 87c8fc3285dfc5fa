import type { AlarmTransition } from '#contracts/alarms.ts';
import type { DeviceRef } from '#contracts/point-batch.ts';
import type { AlarmRule } from '#contracts/rules.ts';
import { compileRule } from '../compile/compile-rule.ts';
import { createEngine } from '../core/engine.ts';
import type { Engine } from '../core/engine-types.ts';
import { batchOf, type PointStep, type Step, testRule } from './batches.ts';

export const T0 = 1_790_000_000_000;
const OPTIONS = { maxHeldPerRow: 64 };
export const at = (seconds: number): number => T0 + seconds * 1000;

type RuleChanges = Partial<AlarmRule> & Pick<AlarmRule, 'condition'>;
export const engineOf = (...rules: RuleChanges[]): Engine =>
  createEngine(
    rules.map((changes) => compileRule(testRule(changes))),
    OPTIONS,
  );

export const point = (device: DeviceRef, seconds: number, values: PointStep['values']): PointStep => ({
  device,
  atMs: at(seconds),
  values,
});
export const tick = (seconds: number): Step => ({ type: 'tick', atMs: at(seconds) });
export const presence = (device: DeviceRef, seconds: number, isOnline: boolean): Step => ({
  type: 'presence',
  device,
  isOnline,
  atMs: at(seconds),
});
const fault =
  (state: 'raised' | 'cleared') =>
  (device: DeviceRef, seconds: number, code: string): Step => ({
    type: 'fault',
    device,
    component: '',
    code,
    state,
    observedAtMs: at(seconds),
    receivedAtMs: at(seconds),
    detail: null,
  });
export const raised = fault('raised');
export const cleared = fault('cleared');
export const acknowledge = (alarmKey: string, seconds: number): Step => ({
  type: 'acknowledge',
  alarmKey,
  atMs: at(seconds),
});

export const brief = (transitions: readonly AlarmTransition[]): [string, number][] =>
  transitions.map(({ to, atMs }) => [to, (atMs - T0) / 1000]);
export const play = (engine: Engine, ...steps: Step[]): [string, number][] =>
  brief(engine.process(batchOf(steps)));
