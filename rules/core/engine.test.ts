import { describe, expect, test } from 'vitest';
import type { AlarmTransition } from '#contracts/alarms.ts';
import type { DeviceRef } from '#contracts/point-batch.ts';
import type { AlarmRule } from '#contracts/rules.ts';
import { compileRule } from '../compile/compile-rule.ts';
import { batchOf, type PointStep, type Step, testDevice, testRule } from '../testing/batches.ts';
import { createEngine } from './engine.ts';
import type { Engine } from './engine-types.ts';

const T0 = 1_790_000_000_000;
const OPTIONS = { maxHeldPerRow: 64 };
const at = (seconds: number): number => T0 + seconds * 1000;

type RuleChanges = Partial<AlarmRule> & Pick<AlarmRule, 'condition'>;
const engineOf = (...rules: RuleChanges[]): Engine =>
  createEngine(
    rules.map((changes) => compileRule(testRule(changes))),
    OPTIONS,
  );

const point = (device: DeviceRef, seconds: number, values: PointStep['values']): PointStep => ({
  device,
  atMs: at(seconds),
  values,
});
const tick = (seconds: number): Step => ({ type: 'tick', atMs: at(seconds) });
const presence = (device: DeviceRef, seconds: number, isOnline: boolean): Step => ({
  type: 'presence',
  device,
  isOnline,
  atMs: at(seconds),
});
const fault = (device: DeviceRef, seconds: number, code: string, state: 'raised' | 'cleared'): Step => ({
  type: 'fault',
  device,
  component: '',
  code,
  state,
  observedAtMs: at(seconds),
  receivedAtMs: at(seconds),
  detail: null,
});
const acknowledge = (alarmKey: string, seconds: number): Step => ({
  type: 'acknowledge',
  alarmKey,
  atMs: at(seconds),
});

const brief = (transitions: readonly AlarmTransition[]): [string, number][] =>
  transitions.map(({ to, atMs }) => [to, (atMs - T0) / 1000]);
const play = (engine: Engine, ...steps: Step[]): [string, number][] => brief(engine.process(batchOf(steps)));

describe('delays', () => {
  const hot = { condition: 'discharge_temp > 100.0', onDelayMs: 60_000, offDelayMs: 30_000 };

  test('an alarm is raised when its condition has held for the on-delay, at that instant, by a tick', () => {
    const device = testDevice('d');
    expect(
      play(engineOf(hot), point(device, 0, { discharge_temp: 120 }), tick(59), tick(61), tick(62)),
    ).toEqual([['unacknowledged', 60]]);
  });

  test('a condition that goes away within the on-delay raises nothing', () => {
    const device = testDevice('d');
    const steps = [point(device, 0, { discharge_temp: 120 }), point(device, 50, { discharge_temp: 90 })];
    expect(play(engineOf(hot), ...steps, tick(200))).toEqual([]);
  });

  test('an alarm returns when its condition has been gone for the off-delay, and a relapse starts it anew', () => {
    const device = testDevice('d');
    const steps = [0, 30, 60].map((s) => point(device, s, { discharge_temp: 120 }));
    const falls = [
      point(device, 90, { discharge_temp: 90 }),
      point(device, 110, { discharge_temp: 120 }),
      point(device, 130, { discharge_temp: 90 }),
    ];
    expect(play(engineOf(hot), ...steps, ...falls, tick(200))).toEqual([
      ['unacknowledged', 60],
      ['returned', 160],
    ]);
  });

  test('an active alarm does not chatter inside its deadband', () => {
    const device = testDevice('d');
    const engine = engineOf({ condition: 'discharge_temp > 100.0', deadband: { discharge_temp: 5 } });
    const values = [101, 99, 101, 96, 100.5, 95, 101];
    expect(play(engine, ...values.map((v, s) => point(device, s, { discharge_temp: v })))).toEqual([
      ['unacknowledged', 0],
      ['returned', 5],
      ['normal', 6],
      ['unacknowledged', 6],
    ]);
  });

  test('a rule with minSamples waits for that many points', () => {
    const device = testDevice('d');
    const engine = engineOf({ condition: 'discharge_temp > 100.0', minSamples: 3 });
    const steps = [0, 10, 20].map((s) => point(device, s, { discharge_temp: 120 }));
    expect(play(engine, ...steps)).toEqual([['unacknowledged', 20]]);
  });
});

describe('unknown', () => {
  test('a delay stands still while a value is too old to count', () => {
    const device = testDevice('d');
    const engine = engineOf({ condition: 'discharge_temp > 100.0', onDelayMs: 120_000 });
    const steps = [
      point(device, 0, { discharge_temp: 120 }),
      tick(500),
      point(device, 600, { discharge_temp: 120 }),
    ];
    const result = play(engine, ...steps, tick(1000));
    expect(result).toEqual([['unacknowledged', 629.999]]);
  });

  test('a metric that was never reported raises nothing and ends nothing', () => {
    const device = testDevice('d');
    const engine = engineOf({ condition: 'discharge_temp > 100.0 && compressor_hz > 20.0' });
    expect(play(engine, point(device, 0, { discharge_temp: 120 }), tick(1000))).toEqual([]);
    expect(play(engine, point(device, 1001, { discharge_temp: 120, compressor_hz: 50 }))).toHaveLength(1);
    expect(play(engine, point(device, 1200, { discharge_temp: 120 }))).toEqual([]);
    expect(engine.activeCount()).toBe(1);
    expect(engine.stats().unknown).toBe(1);
  });
});

describe('connection', () => {
  test('offline is raised a minute after the connection is lost and returns with it', () => {
    const device = testDevice('d');
    const engine = engineOf({ condition: '!online', onDelayMs: 60_000 });
    const steps = [presence(device, 0, true), presence(device, 100, false), tick(159), tick(161)];
    expect(play(engine, ...steps, presence(device, 300, true))).toEqual([
      ['unacknowledged', 160],
      ['returned', 300],
    ]);
  });

  test('delays stand still while the device is away', () => {
    const device = testDevice('d');
    const engine = engineOf({ condition: 'discharge_temp > 100.0', onDelayMs: 60_000, maxAgeMs: 3_600_000 });
    const steps = [
      presence(device, 0, true),
      point(device, 0, { discharge_temp: 120 }),
      presence(device, 20, false),
      tick(1000),
      presence(device, 1000, true),
      tick(1100),
    ];
    expect(play(engine, ...steps)).toEqual([['unacknowledged', 1040]]);
  });

  test('a value that stays away while online is absent, and is back when it comes', () => {
    const device = testDevice('d');
    const engine = engineOf({ condition: 'absent("supply_temp", 900)' });
    const others = [300, 600, 900].map((s) => point(device, s, { room_temp: 20 }));
    const steps = [presence(device, 0, true), point(device, 0, { supply_temp: 15 }), ...others, tick(1000)];
    expect(play(engine, ...steps, point(device, 1200, { supply_temp: 15 }))).toEqual([
      ['unacknowledged', 900],
      ['returned', 1200],
    ]);
    expect(play(engine, tick(3000))).toEqual([
      ['normal', 2100],
      ['unacknowledged', 2100],
    ]);
  });

  test('a device that goes away is not also absent', () => {
    const device = testDevice('d');
    const engine = engineOf({ condition: 'absent("supply_temp", 900)' });
    const steps = [point(device, 0, { supply_temp: 15 }), presence(device, 60, false), tick(5000)];
    expect(play(engine, ...steps, presence(device, 5000, true), tick(5899), tick(5901))).toEqual([
      ['unacknowledged', 5900],
    ]);
  });
});

describe('time of points', () => {
  const rule = { condition: 'discharge_temp > 100.0' };

  test('a point older than the newest is late and not evaluated', () => {
    const device = testDevice('d');
    const engine = engineOf(rule);
    const steps = [point(device, 10, { discharge_temp: 50 }), point(device, 5, { discharge_temp: 120 })];
    expect(play(engine, ...steps)).toEqual([]);
    expect(engine.stats().late).toBe(1);
  });

  test('parts of a device have their own values, newest point and alarms', () => {
    const device = testDevice('d');
    const engine = engineOf(rule);
    const part = { ...point(device, 5, { discharge_temp: 120 }), component: 'idu-1' };
    const transitions = engine.process(batchOf([point(device, 10, { discharge_temp: 50 }), part]));
    expect(transitions.map(({ key }) => key)).toEqual(['test-rule|d|idu-1']);
  });

  test('history that is sent later raises nothing', () => {
    const device = testDevice('d');
    const engine = engineOf(rule);
    const late = { ...point(device, 0, { discharge_temp: 120 }), receivedAtMs: at(601) };
    expect(play(engine, late, tick(700))).toEqual([]);
    expect(engine.stats().backfilled).toBe(1);
  });

  test('a point more than a minute ahead of our clock is not evaluated and leaves later ones in time', () => {
    const device = testDevice('d');
    const engine = engineOf(rule);
    const ahead = { ...point(device, 100, { discharge_temp: 120 }), receivedAtMs: at(39) };
    expect(play(engine, ahead, point(device, 40, { discharge_temp: 120 }))).toEqual([['unacknowledged', 40]]);
    expect(engine.stats().ahead).toBe(1);
  });

  test('ticks follow the clock of a device that is behind ours', () => {
    const device = testDevice('d');
    const engine = engineOf({ ...rule, onDelayMs: 60_000 });
    const behind = { ...point(device, 0, { discharge_temp: 120 }), receivedAtMs: at(120) };
    expect(play(engine, behind, tick(170))).toEqual([]);
    expect(play(engine, tick(181))).toEqual([['unacknowledged', 60]]);
  });
});

describe('faults', () => {
  test('a code raised three times is one alarm, and its clearing returns it', () => {
    const device = testDevice('d');
    const raised = fault(device, 0, 'E1', 'raised');
    const engine = engineOf();
    const transitions = engine.process(batchOf([raised, raised, raised, fault(device, 9, 'E1', 'cleared')]));
    expect(brief(transitions)).toEqual([
      ['unacknowledged', 0],
      ['returned', 9],
    ]);
    expect(transitions[0]).toMatchObject({
      key: 'fault:E1|d|',
      ruleId: null,
      faultFamily: 'high_pressure',
      severity: 'critical',
      faultCode: 'E1',
      action: 'ticket',
      reason: { code: 'fault_raised', params: { code: 'E1' } },
    });
  });

  test('a code that a rule names is that rule’s, and waits for nothing', () => {
    const device = testDevice('d');
    const engine = engineOf({ condition: 'fault("E1")', reorderMs: 5_000 });
    const [raised, cleared] = engine.process(
      batchOf([fault(device, 0, 'E1', 'raised'), fault(device, 1, 'E1', 'cleared')]),
    );
    expect(raised).toMatchObject({ ruleId: 'test-rule', faultCode: 'E1', reason: { code: 'fault_raised' } });
    expect(cleared).toMatchObject({ to: 'returned', reason: { code: 'fault_cleared' } });
  });

  test('a code that only tells what the unit is doing opens nothing, an unknown one is minor', () => {
    const device = testDevice('d');
    const steps = [fault(device, 0, 'H1', 'raised'), fault(device, 0, 'Z9', 'raised')];
    const transitions = engineOf().process(batchOf(steps));
    expect(transitions).toMatchObject([{ faultFamily: 'code:Z9', severity: 'minor' }]);
  });

  test('the list of active codes clears what is missing and raises what is new', () => {
    const device = testDevice('d');
    const engine = engineOf();
    play(engine, fault(device, 0, 'E1', 'raised'), fault(device, 0, 'E2', 'raised'));
    const list = { type: 'fault_list', device, codes: ['E2', 'E4'] } as const;
    const step: Step = { ...list, observedAtMs: at(5), receivedAtMs: at(5) };
    const transitions = engine.process(batchOf([step]));
    expect(transitions.map(({ faultCode, to }) => [faultCode, to])).toEqual([
      ['E1', 'returned'],
      ['E4', 'unacknowledged'],
    ]);
  });

  test('a code raised in history raises nothing; cleared in history it ends what was raised before', () => {
    const device = testDevice('d');
    const engine = engineOf();
    const old = (step: Step, seconds: number): Step => ({ ...step, receivedAtMs: at(seconds) }) as Step;
    expect(play(engine, old(fault(device, 0, 'E1', 'raised'), 700))).toEqual([]);
    play(engine, fault(device, 1000, 'E1', 'raised'));
    expect(play(engine, old(fault(device, 900, 'E1', 'cleared'), 1600))).toEqual([]);
    expect(play(engine, old(fault(device, 1100, 'E1', 'cleared'), 1800))).toEqual([['returned', 1100]]);
  });
});

describe('acknowledgement', () => {
  const key = 'test-rule|d|';
  const rule = { condition: 'discharge_temp > 100.0' };

  test('an acknowledged alarm ends when its condition does', () => {
    const device = testDevice('d');
    const steps = [point(device, 0, { discharge_temp: 120 }), acknowledge(key, 5)];
    expect(play(engineOf(rule), ...steps, point(device, 9, { discharge_temp: 90 }))).toEqual([
      ['unacknowledged', 0],
      ['acknowledged', 5],
      ['normal', 9],
    ]);
  });

  test('a returned alarm ends when it is acknowledged, once', () => {
    const device = testDevice('d');
    const steps = [point(device, 0, { discharge_temp: 120 }), point(device, 9, { discharge_temp: 90 })];
    const engine = engineOf(rule);
    const states = play(engine, ...steps, acknowledge(key, 20), acknowledge(key, 21));
    expect(states.map(([to]) => to)).toEqual(['unacknowledged', 'returned', 'normal']);
    expect(engine.stats().strayAcknowledgements).toBe(1);
  });

  test('a condition that comes back after its alarm returned is a new occurrence', () => {
    const device = testDevice('d');
    const values = [120, 90, 120];
    const transitions = engineOf(rule).process(
      batchOf(values.map((v, s) => point(device, s, { discharge_temp: v }))),
    );
    expect(transitions.map(({ to, occurrence }) => [to, occurrence])).toEqual([
      ['unacknowledged', `${key}|${at(0)}`],
      ['returned', `${key}|${at(0)}`],
      ['normal', `${key}|${at(0)}`],
      ['unacknowledged', `${key}|${at(2)}`],
    ]);
  });

  test('a fault’s alarm is acknowledged by its key', () => {
    const device = testDevice('d');
    const steps = [
      fault(device, 0, 'E1', 'raised'),
      acknowledge('fault:E1|d|', 5),
      fault(device, 9, 'E1', 'cleared'),
    ];
    expect(play(engineOf(), ...steps).map(([to]) => to)).toEqual([
      'unacknowledged',
      'acknowledged',
      'normal',
    ]);
  });
});

describe('rules that change', () => {
  const slow = { id: 'slow', condition: 'discharge_temp > 100.0', onDelayMs: 60_000 };
  const quick = { id: 'quick', condition: 'discharge_temp > 100.0' };

  test('a rule that stays keeps its delay, one that is gone or has a new version ends its alarm', () => {
    const device = testDevice('d');
    const engine = engineOf(slow, quick);
    play(engine, point(device, 0, { discharge_temp: 120 }));
    const next = [
      { ...quick, version: 2, condition: 'discharge_temp > 130.0' },
      { id: 'new', condition: 'humidity > 50.0' },
      slow,
    ];
    const ended = engine.replaceRules(next.map((changes) => compileRule(testRule(changes))));
    expect(ended.map(({ ruleId, to, reason }) => [ruleId, to, reason.code])).toEqual([
      ['quick', 'normal', 'rule_replaced'],
    ]);
    expect(play(engine, tick(61))).toEqual([['unacknowledged', 60]]);
    expect(engine.activeCount()).toBe(1);
  });

  test('only active rules of the device’s model and labels are evaluated', () => {
    const device = testDevice('d', { labels: { site_class: 'hospital' } });
    const engine = engineOf(
      { ...quick, id: 'draft', status: 'draft' },
      { ...quick, id: 'other-model', appliesTo: { kind: 'ac_unit', models: ['vrf-generic'] } },
      { ...quick, id: 'label', appliesTo: { kind: 'ac_unit', labels: { site_class: 'hospital' } } },
      { ...quick, id: 'attribute', condition: 'discharge_temp > 100.0 && attr("site_class") == "hospital"' },
      { ...quick, id: 'no-attribute', condition: 'discharge_temp > 100.0 && attr("zone") != "a"' },
    );
    const transitions = engine.process(batchOf([point(device, 0, { discharge_temp: 120 })]));
    expect(transitions.map(({ ruleId }) => ruleId)).toEqual(['label', 'attribute']);
    const moved = { ...device, labels: {} };
    expect(
      engine
        .process(batchOf([point(moved, 1, { discharge_temp: 120 })]))
        .map(({ ruleId, to }) => [ruleId, to]),
    ).toEqual([['label', 'normal']]);
  });

  test('a snapshot restored into other rules and devices drops what has no place, and tells whose alarms', () => {
    const [kept, gone] = [testDevice('kept'), testDevice('gone')];
    const engine = engineOf(quick, { ...slow, onDelayMs: 0 });
    play(engine, ...[kept, gone].map((device) => point(device, 0, { discharge_temp: 120 })));
    const next = engineOf({ ...slow, onDelayMs: 0 });
    const result = next.restore(engine.snapshot(), (id) => (id === 'kept' ? kept : undefined));
    expect(result).toMatchObject({ rows: 1, alarms: 1, dropped: 4 });
    expect(result.orphaned).toEqual([`quick|kept||${at(0)}`, `quick|gone||${at(0)}`, `slow|gone||${at(0)}`]);
    expect(play(next, point(kept, 1, { discharge_temp: 90 }))).toEqual([['returned', 1]]);
  });

  test('bytes that are no snapshot are refused with a code', () => {
    for (const bytes of [new Uint8Array(3), new Uint8Array(64)]) {
      expect(() => engineOf().restore(bytes, () => undefined)).toThrow(
        expect.objectContaining({ code: 'RULES_SNAPSHOT_INVALID' }),
      );
    }
  });
});
