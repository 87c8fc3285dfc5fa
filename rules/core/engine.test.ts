import { describe, expect, test } from 'vitest';
import { batchOf, testDevice } from '../testing/batches.ts';
import { at, engineOf, play, point, presence, tick } from '../testing/steps.ts';

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
