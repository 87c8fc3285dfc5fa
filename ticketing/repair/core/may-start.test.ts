import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FAULT_FAMILIES } from '#contracts/faults.ts';
import { findPlaybook, PLAYBOOKS, type Playbook } from '#contracts/playbooks.ts';
import { mayStartAgainMs, refusalByFault, refusalByUnit } from './may-start.ts';

const reset = findPlaybook('pile-reset');
const FRESH = {
  kind: 'charging_pile',
  isInService: true,
  isRunning: false,
  isInDanger: false,
  isAttended: false,
  startedAtMs: [],
  lastEndedAtMs: null,
  nowMs: 1_000_000_000,
};

test('a safety family is refused whatever else holds, and an emergency does not wait', () => {
  const any = fc.record({
    isSafety: fc.boolean(),
    isEmergency: fc.boolean(),
    hasDevice: fc.boolean(),
    playbook: fc.constantFrom(undefined, ...PLAYBOOKS),
  });
  fc.assert(
    fc.property(any, (fault) => {
      const refusal = refusalByFault(fault);
      if (fault.isSafety) expect(refusal).toBe('safety');
      else if (fault.playbook !== undefined && fault.isEmergency) expect(refusal).toBe('emergency');
      expect(refusal === null).toBe(
        !fault.isSafety && !fault.isEmergency && fault.hasDevice && fault.playbook !== undefined,
      );
    }),
  );
});

test('no shipped family is both dangerous and without refusal', () => {
  const dangerous = [...FAULT_FAMILIES.values()].filter(({ isSafety }) => isSafety);
  expect(dangerous.length).toBeGreaterThan(0);
  for (const { emergency: isEmergency } of dangerous) {
    expect(refusalByFault({ isSafety: true, isEmergency, hasDevice: true, playbook: reset })).toBe('safety');
  }
});

test('danger on the unit is refused whatever else holds, then somebody at work there', () => {
  const any = fc.record({
    kind: fc.constantFrom('charging_pile', 'ac_unit'),
    isInService: fc.boolean(),
    isInDanger: fc.boolean(),
    isAttended: fc.boolean(),
    isRunning: fc.boolean(),
    startedAtMs: fc.array(fc.nat(2_000_000_000)),
    lastEndedAtMs: fc.option(fc.nat(2_000_000_000)),
    nowMs: fc.nat(2_000_000_000),
  });
  fc.assert(
    fc.property(fc.constantFrom(...PLAYBOOKS), any, (playbook, unit) => {
      const refusal = refusalByUnit(playbook, unit);
      if (unit.isInDanger) expect(refusal).toBe('safety');
      else if (unit.isAttended) expect(refusal).toBe('technician_on_site');
      else expect(['safety', 'technician_on_site']).not.toContain(refusal);
    }),
  );
});

test('wrong equipment, out of service, and a unit under repair are refused by name', () => {
  if (reset === undefined) throw new Error('no playbook');
  expect(refusalByUnit(reset, FRESH)).toBeNull();
  expect(refusalByUnit(reset, { ...FRESH, kind: 'ac_unit' })).toBe('wrong_kind');
  expect(refusalByUnit(reset, { ...FRESH, isInService: false })).toBe('unit_suspended');
  expect(refusalByUnit(reset, { ...FRESH, isRunning: true })).toBe('run_in_progress');
});

/** When runs begin that last so long, with a fault at each of these instants. */
function startsOf(playbook: Playbook, faults: readonly number[], lastsMs: number): number[] {
  const startedAtMs: number[] = [];
  for (const nowMs of [...faults].sort((a, b) => a - b)) {
    const last = startedAtMs.at(-1);
    const lastEndedAtMs = last === undefined ? null : last + lastsMs;
    if (lastEndedAtMs !== null && nowMs < lastEndedAtMs) continue;
    const unit = { ...FRESH, kind: playbook.kind, startedAtMs, lastEndedAtMs, nowMs };
    if (refusalByUnit(playbook, unit) === null) startedAtMs.push(nowMs);
  }
  return startedAtMs;
}

test('however often a fault returns, no more runs begin than the limit, and never inside the cool-down', () => {
  const instants = fc.array(fc.integer({ min: 0, max: 3 * 86_400_000 }), { maxLength: 100 });
  fc.assert(
    fc.property(fc.constantFrom(...PLAYBOOKS), instants, fc.nat(600_000), (playbook, faults, lastsMs) => {
      const startedAtMs = startsOf(playbook, faults, lastsMs);
      for (const [n, startMs] of startedAtMs.entries()) {
        const inWindow = startedAtMs.filter((ms) => ms <= startMs && ms > startMs - playbook.windowMs);
        expect(inWindow.length).toBeLessThanOrEqual(playbook.maxRuns);
        const before = startedAtMs[n - 1];
        if (before !== undefined) {
          expect(startMs).toBeGreaterThanOrEqual(before + lastsMs + playbook.coolDownMs);
        }
      }
    }),
  );
});

test('limit and cool-down name the first instant at which they no longer refuse', () => {
  const any = fc.record({
    startedAtMs: fc.array(fc.nat(2_000_000_000), { maxLength: 8 }),
    lastEndedAtMs: fc.option(fc.nat(2_000_000_000)),
    nowMs: fc.constant(2_000_000_000),
  });
  fc.assert(
    fc.property(fc.constantFrom(...PLAYBOOKS), any, (playbook, runs) => {
      const { kind } = playbook;
      const againMs = mayStartAgainMs(playbook, runs);
      expect(refusalByUnit(playbook, { ...FRESH, kind, ...runs, nowMs: againMs })).toBeNull();
      if (againMs > runs.nowMs) {
        expect(refusalByUnit(playbook, { ...FRESH, kind, ...runs, nowMs: againMs - 1 })).not.toBeNull();
      }
    }),
  );
});
