import { describe, expect, test } from 'vitest';
import { compileRule } from '../compile/compile-rule.ts';
import { batchOf, type Step, testDevice, testRule } from '../testing/batches.ts';
import { acknowledge, at, brief, cleared, engineOf, play, point, raised, tick } from '../testing/steps.ts';

describe('faults', () => {
  test('a code raised three times is one alarm, and its clearing returns it', () => {
    const device = testDevice('d');
    const report = raised(device, 0, 'E1');
    const engine = engineOf();
    const transitions = engine.process(batchOf([report, report, report, cleared(device, 9, 'E1')]));
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
    const [first, second] = engine.process(batchOf([raised(device, 0, 'E1'), cleared(device, 1, 'E1')]));
    expect(first).toMatchObject({ ruleId: 'test-rule', faultCode: 'E1', reason: { code: 'fault_raised' } });
    expect(second).toMatchObject({ to: 'returned', reason: { code: 'fault_cleared' } });
  });

  test('a code that only tells what the unit is doing opens nothing, an unknown one is minor', () => {
    const device = testDevice('d');
    const steps = [raised(device, 0, 'H1'), raised(device, 0, 'Z9')];
    const transitions = engineOf().process(batchOf(steps));
    expect(transitions).toMatchObject([{ faultFamily: 'code:Z9', severity: 'minor' }]);
  });

  test('the list of active codes clears what is missing and raises what is new', () => {
    const device = testDevice('d');
    const engine = engineOf();
    play(engine, raised(device, 0, 'E1'), raised(device, 0, 'E2'));
    const list = { type: 'fault_list', device, component: '', codes: ['E2', 'E4'] } as const;
    const step: Step = { ...list, observedAtMs: at(5), receivedAtMs: at(5) };
    const transitions = engine.process(batchOf([step]));
    expect(transitions.map(({ faultCode, to }) => [faultCode, to])).toEqual([
      ['E1', 'returned'],
      ['E4', 'unacknowledged'],
    ]);
  });

  test("a list of active codes concerns its component's codes only", () => {
    const pile = testDevice('d', { kind: 'charging_pile', model: 'dc-pile-generic' });
    const engine = engineOf();
    const components = ['', 'connector-1', 'connector-2'];
    for (const component of components) {
      engine.process(batchOf([{ ...raised(pile, 0, 'GroundFailure'), component } as Step]));
    }
    const list = { type: 'fault_list', device: pile, component: 'connector-1', codes: [] } as const;
    const transitions = engine.process(batchOf([{ ...list, observedAtMs: at(5), receivedAtMs: at(5) }]));
    expect(transitions.map(({ component, to }) => [component, to])).toEqual([['connector-1', 'returned']]);
  });

  test('a list from history ends what was raised before it, and raises nothing', () => {
    const device = testDevice('d');
    const engine = engineOf();
    const listAt = (seconds: number, codes: readonly string[]): Step => ({
      type: 'fault_list',
      device,
      component: '',
      codes,
      observedAtMs: at(seconds),
      receivedAtMs: at(seconds + 700),
    });
    play(engine, raised(device, 1_000, 'E1'));
    expect(play(engine, listAt(900, ['E4']))).toEqual([]);
    expect(play(engine, listAt(1_100, ['E4']))).toEqual([['returned', 1_100]]);
  });

  test('a code raised in history raises nothing; cleared in history it ends what was raised before', () => {
    const device = testDevice('d');
    const engine = engineOf();
    const old = (step: Step, seconds: number): Step => ({ ...step, receivedAtMs: at(seconds) }) as Step;
    expect(play(engine, old(raised(device, 0, 'E1'), 700))).toEqual([]);
    play(engine, raised(device, 1000, 'E1'));
    expect(play(engine, old(cleared(device, 900, 'E1'), 1600))).toEqual([]);
    expect(play(engine, old(cleared(device, 1100, 'E1'), 1800))).toEqual([['returned', 1100]]);
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
    const steps = [raised(device, 0, 'E1'), acknowledge('fault:E1|d|', 5), cleared(device, 9, 'E1')];
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

test('what the device says of its fault is in the reason', () => {
  const engine = engineOf();
  const fault = {
    type: 'fault',
    device: testDevice('talker'),
    component: '',
    code: 'ZZ99',
    state: 'raised',
  } as const;
  const told = { ...fault, observedAtMs: 1, receivedAtMs: 1, detail: 'weird noise' };
  expect(engine.process(batchOf([told]))).toMatchObject([
    {
      reason: {
        params: { code: 'ZZ99', detail: 'weird noise' },
        text: { en: 'The device reports fault code ZZ99: weird noise' },
      },
    },
  ]);
});
