import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AlarmState, AlarmTransition } from '#contracts/alarms.ts';
import { compileRule } from '../compile/compile-rule.ts';
import { batchOf, type PointStep, type Step, testDevice, testRule } from '../testing/batches.ts';
import { createEngine } from './engine.ts';
import type { Engine } from './engine-types.ts';

const T0 = 1_790_000_000_000;
const REORDER_MS = 20_000;
const DEVICES = ['a', 'b', 'c'].map((id) => testDevice(id));
const RULES = [
  { id: 'delayed', condition: 'discharge_temp > 100.0', onDelayMs: 25_000, offDelayMs: 15_000 },
  { id: 'deadband', condition: 'discharge_temp > 100.0', deadband: { discharge_temp: 10 } },
  {
    id: 'two',
    condition: 'discharge_temp > 95.0 && compressor_hz > 50.0',
    onDelayMs: 5_000,
    maxAgeMs: 30_000,
  },
  { id: 'silent', condition: 'absent("compressor_hz", 40)', onDelayMs: 3_000 },
  { id: 'window', condition: 'avg("discharge_temp", 60) > 100.0 || starts("compressor_hz", 120) > 3.0' },
  { id: 'samples', condition: 'compressor_hz > 60.0', minSamples: 3, onDelayMs: 1_000 },
  { id: 'gone', condition: '!online', onDelayMs: 30_000 },
  { id: 'named', condition: 'fault("E1") && compressor_hz > 10.0', onDelayMs: 8_000 },
];

const rulesWith = (reorderMs: number) =>
  RULES.map((changes) => compileRule(testRule({ ...changes, reorderMs })));
const engineWith = (reorderMs: number): Engine => createEngine(rulesWith(reorderMs), { maxHeldPerRow: 512 });

interface Event {
  readonly gapMs: number;
  readonly device: number;
  readonly component: string;
  readonly temp: number;
  readonly hz: number;
  readonly kind: 'both' | 'temp' | 'hz' | 'fault' | 'list' | 'presence' | 'acknowledge' | 'tick' | 'resume';
  readonly flag: boolean;
}

const event = (kinds: readonly Event['kind'][]): fc.Arbitrary<Event> =>
  fc.record({
    gapMs: fc.integer({ min: 1, max: 15_000 }),
    device: fc.integer({ min: 0, max: DEVICES.length - 1 }),
    component: fc.constantFrom('', '', '', 'idu-1'),
    temp: fc.integer({ min: 80, max: 120 }),
    hz: fc.integer({ min: 0, max: 90 }),
    kind: fc.constantFrom(...kinds),
    flag: fc.boolean(),
  });

const POINT_KINDS = ['both', 'both', 'temp', 'hz'] as const;
const ALL_KINDS = [...POINT_KINDS, 'fault', 'list', 'presence', 'acknowledge', 'tick', 'resume'] as const;

const isOfTime = (kind: Event['kind']): kind is 'tick' | 'resume' => kind === 'tick' || kind === 'resume';

function stepOf(one: Event, atMs: number): Step {
  const device = DEVICES[one.device] ?? testDevice('a');
  const { component } = one;
  if (isOfTime(one.kind)) return { type: one.kind, atMs };
  if (one.kind === 'presence') return { type: 'presence', device, isOnline: one.flag, atMs };
  if (one.kind === 'acknowledge') {
    const rule = RULES[one.hz % RULES.length]?.id ?? '';
    return { type: 'acknowledge', alarmKey: `${rule}|${device.id}|${component}`, atMs };
  }
  if (one.kind === 'list') {
    const codes = one.flag ? ['E1'] : [];
    return { type: 'fault_list', device, component, codes, observedAtMs: atMs, receivedAtMs: atMs };
  }
  if (one.kind === 'fault') {
    const code = one.hz > 45 ? 'E1' : 'E2';
    const state = one.flag ? 'raised' : 'cleared';
    return {
      type: 'fault',
      device,
      component,
      code,
      state,
      observedAtMs: atMs,
      receivedAtMs: atMs,
      detail: null,
    };
  }
  const values: Record<string, number> = {};
  if (one.kind !== 'hz') values.discharge_temp = one.temp;
  if (one.kind !== 'temp') values.compressor_hz = one.hz;
  return { device, component, atMs, receivedAtMs: atMs, values };
}

function stepsOf(events: readonly Event[]): Step[] {
  let atMs = T0;
  return events.map((one) => {
    atMs += one.gapMs;
    return stepOf(one, atMs);
  });
}

/** What rules decide, in an order of its own: devices do not wait for each other. */
const sorted = (transitions: readonly AlarmTransition[]): AlarmTransition[] =>
  [...transitions].sort((a, b) => a.key.localeCompare(b.key) || a.atMs - b.atMs);

const QUIET = { component: '', temp: 80, hz: 0, flag: false } as const;
/** A part's delay that ran while the device, as its whole row had yet to learn, was already away. */
const PART_OF_AN_ABSENT_DEVICE: Event[] = [
  { ...QUIET, gapMs: 1, device: 1, kind: 'both', component: 'idu-1', temp: 96, hz: 51 },
  { ...QUIET, gapMs: 1, device: 1, kind: 'presence' },
  { ...QUIET, gapMs: 22_118, device: 0, kind: 'both' },
  { ...QUIET, gapMs: 1396, device: 1, kind: 'both', component: 'idu-1' },
  { ...QUIET, gapMs: 1485, device: 0, kind: 'tick' },
];

test('the same log gives the same transitions however it is cut into batches and wherever it is restored', () => {
  fc.assert(
    fc.property(
      fc.array(event(ALL_KINDS), { maxLength: 120 }),
      fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 20 }),
      fc.constantFrom(0, REORDER_MS),
      (events, cuts, reorderMs) => {
        const steps = stepsOf(events);
        const whole = engineWith(reorderMs).process(batchOf(steps));
        let engine = engineWith(reorderMs);
        const parts: AlarmTransition[] = [];
        for (let at = 0, cut = 0; at < steps.length; cut++) {
          const size = cuts[cut % cuts.length] ?? 1;
          parts.push(...engine.process(batchOf(steps.slice(at, at + size))));
          at += size;
          const restored = engineWith(reorderMs);
          restored.restore(engine.snapshot(), (id) => DEVICES.find((device) => device.id === id));
          engine = restored;
        }
        expect(parts).toEqual(whole);
      },
    ),
    { numRuns: 300, examples: [[PART_OF_AN_ABSENT_DEVICE, [1], REORDER_MS]] },
  );
});

test('points displaced by no more than reorderMs give the same transitions', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(event(POINT_KINDS), fc.integer({ min: 0, max: REORDER_MS })), { maxLength: 120 }),
      (displaced) => {
        const inOrder = stepsOf(displaced.map(([one]) => one)) as PointStep[];
        const arrivals = inOrder
          .map((step, i) => ({ ...step, receivedAtMs: step.atMs + (displaced[i]?.[1] ?? 0) }))
          .sort((a, b) => a.receivedAtMs - b.receivedAtMs);
        const endMs = T0 + 120 * 15_000 + 600_000;
        const withTicks = (steps: readonly PointStep[]): Step[] => [
          ...steps.flatMap((step): Step[] => [step, { type: 'tick', atMs: step.receivedAtMs ?? step.atMs }]),
          { type: 'tick', atMs: endMs },
        ];
        const straight = engineWith(REORDER_MS).process(batchOf(withTicks(inOrder)));
        const shuffled = engineWith(REORDER_MS).process(batchOf(withTicks(arrivals)));
        expect(sorted(shuffled)).toEqual(sorted(straight));
      },
    ),
    { numRuns: 300 },
  );
});

test('back-filled history raises none, whatever it holds', () => {
  fc.assert(
    fc.property(fc.array(event([...POINT_KINDS, 'fault', 'list'])), (events) => {
      const old = stepsOf(events).map((step) => ({ ...step, receivedAtMs: T0 + 100 * 86_400_000 }) as Step);
      expect(engineWith(0).process(batchOf(old))).toEqual([]);
    }),
  );
});

const ALLOWED: Record<string, readonly AlarmState[]> = {
  normal: ['unacknowledged'],
  unacknowledged: ['acknowledged', 'returned', 'normal'],
  acknowledged: ['normal'],
  returned: ['normal'],
};

test('an alarm takes no step that its state does not allow, and each occurrence lives once', () => {
  fc.assert(
    fc.property(fc.array(event(ALL_KINDS), { minLength: 20, maxLength: 200 }), (events) => {
      const states = new Map<string, AlarmState>();
      const endless = { type: 'tick', atMs: T0 + 86_400_000 } as const;
      const engine = engineWith(0);
      for (const one of engine.process(batchOf([...stepsOf(events), endless]))) {
        const from = states.get(one.occurrence) ?? 'normal';
        expect(ALLOWED[from]).toContain(one.to);
        if (from === 'normal') expect(states.has(one.occurrence)).toBe(false);
        states.set(one.occurrence, one.to);
      }
      const standing = [...states.values()].filter((to) => to === 'unacknowledged' || to === 'acknowledged');
      expect(engine.activeCount()).toBe(standing.length);
    }),
    { numRuns: 300 },
  );
});
