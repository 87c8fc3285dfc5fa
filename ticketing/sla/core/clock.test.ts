import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dueAtMs, isBreached, isMet, type RunningClockKind, SLA_POLICIES, stop } from './clock.ts';

const KINDS = Object.keys(SLA_POLICIES) as RunningClockKind[];
const instant = fc.integer({ min: 0, max: 4_000_000_000_000 });

describe.each(KINDS)('K: %s', (kind) => {
  const policy = SLA_POLICIES[kind];

  test('is met a millisecond before its limit and breached a millisecond after', () => {
    fc.assert(
      fc.property(instant, (startedAtMs) => {
        const clock = { dueAtMs: dueAtMs(startedAtMs, policy) };
        expect(isMet(clock, startedAtMs + policy.limitMs - 1)).toBe(true);
        expect(isMet(clock, startedAtMs + policy.limitMs + 1)).toBe(false);
        expect(isBreached(clock, startedAtMs + policy.limitMs - 1)).toBe(false);
        expect(isBreached(clock, startedAtMs + policy.limitMs + 1)).toBe(true);
      }),
    );
  });

  test('is never both met and breached at one instant', () => {
    fc.assert(
      fc.property(instant, instant, (startedAtMs, atMs) => {
        const clock = { dueAtMs: dueAtMs(startedAtMs, policy) };
        expect(isMet(clock, atMs)).toBe(!isBreached(clock, atMs));
      }),
    );
  });
});

test('a breach that fired is amended, not erased, when what stops the clock happened in time', () => {
  expect(stop({ dueAtMs: 100, firedAtMs: 100 }, 90)).toBe('amended');
  expect(stop({ dueAtMs: 100, firedAtMs: 100 }, 110)).toBe('breached_before');
  expect(stop({ dueAtMs: 100, firedAtMs: null }, 110)).toBe('breached');
  expect(stop({ dueAtMs: 100, firedAtMs: null }, 100)).toBe('met');
});
