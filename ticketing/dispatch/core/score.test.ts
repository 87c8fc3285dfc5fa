import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Candidate, chooseTechnician, distanceKm, type Job } from './score.ts';

const PLACE = { zone: 'east', latitude: null, longitude: null };
const JOB: Job = {
  skill: 'refrigeration',
  priority: 'P3',
  isEmergency: false,
  place: PLACE,
  preferTechnicianId: null,
  atMs: 0,
};

const candidate = (technicianId: string, change: Partial<Candidate> = {}): Candidate => ({
  technicianId,
  zone: 'west',
  openOrders: 2,
  at: null,
  hasDeclined: false,
  skillUntilMs: null,
  ...change,
});

/** Four technicians: an idle one far away, a near one with work, and two who are neither. */
const FOUR = [
  candidate('idle', { openOrders: 0 }),
  candidate('near', { zone: 'east', openOrders: 6 }),
  candidate('busy', { openOrders: 4 }),
  candidate('other', { openOrders: 1 }),
];

function chosen(job: Job, candidates: readonly Candidate[]): string {
  const choice = chooseTechnician(job, candidates);
  return choice.outcome === 'chosen' ? choice.best.technicianId : choice.reason;
}

describe('D1: of four technicians the right one is sent', () => {
  test('an ordinary job goes to whoever has time', () => {
    expect(chosen(JOB, FOUR)).toBe('idle');
  });

  test('skill: without the skill the idle one is no candidate', () => {
    expect(
      chosen(
        JOB,
        FOUR.filter(({ technicianId }) => technicianId !== 'idle'),
      ),
    ).not.toBe('idle');
  });

  test('load: the idle one filled up, another is chosen', () => {
    const loaded = FOUR.map((one) => (one.technicianId === 'idle' ? { ...one, openOrders: 9 } : one));
    expect(chosen(JOB, loaded)).toBe('near');
  });

  test('location: the job in the zone of another goes to that one', () => {
    const near = FOUR.map((one) => (one.technicianId === 'other' ? { ...one, zone: 'south' } : one));
    expect(chosen({ ...JOB, place: { ...PLACE, zone: 'south' } }, near)).toBe('other');
  });

  test('urgency: an urgent job goes to whoever is near, busy or not', () => {
    expect(chosen({ ...JOB, priority: 'P1' }, FOUR)).toBe('near');
    expect(chosen({ ...JOB, isEmergency: true }, FOUR)).toBe('near');
  });

  test('whoever repaired the fault before is sent again first', () => {
    expect(chosen({ ...JOB, preferTechnicianId: 'busy' }, FOUR)).toBe('busy');
  });
});

test('the choice does not depend on the order in which candidates are listed', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray(FOUR, { minLength: 4 }), (shuffled) => {
      expect(chosen(JOB, shuffled)).toBe('idle');
    }),
  );
  const twins = [candidate('b'), candidate('a')];
  expect(chosen(JOB, twins)).toBe('a');
});

test('an order without anyone to send names the reason', () => {
  expect(chooseTechnician(JOB, [])).toEqual({ outcome: 'held', reason: 'no_skill' });
  expect(chooseTechnician(JOB, [candidate('a', { hasDeclined: true })])).toEqual({
    outcome: 'held',
    reason: 'all_declined',
  });
});

test('distance counts where both places have coordinates', () => {
  const beijing = { zone: null, latitude: 39.9, longitude: 116.4 };
  const shanghai = { zone: null, latitude: 31.2, longitude: 121.5 };
  expect(distanceKm(beijing, shanghai)).toBeGreaterThan(1_050);
  expect(distanceKm(beijing, shanghai)).toBeLessThan(1_090);
  expect(distanceKm(beijing, beijing)).toBe(0);
  expect(distanceKm(beijing, PLACE)).toBeNull();
  const job = { ...JOB, priority: 'P1' as const, place: beijing };
  expect(chosen(job, [candidate('far', { at: shanghai }), candidate('here', { at: beijing })])).toBe('here');
});
