import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Candidate, distanceKm, type Job, rankCandidates } from './score.ts';

const PLACE = { zone: 'east', latitude: null, longitude: null };
const JOB: Job = {
  skill: 'refrigeration',
  priority: 'P3',
  isEmergency: false,
  place: PLACE,
  preferTechnicianId: null,
  atMs: 0,
};
const OFF_SHIFT = { availability: { state: 'off_shift' } } as const;
const ON_CALL = { availability: { state: 'on_call' } } as const;
const PARTNER = { centre: { id: 'p', kind: 'outsourced', zones: ['east'] } } as const;

const candidate = (technicianId: string, change: Partial<Candidate> = {}): Candidate => ({
  technicianId,
  zone: 'west',
  openOrders: 2,
  at: null,
  answer: null,
  skillUntilMs: null,
  certificate: 'valid',
  centre: null,
  isCentreCertified: true,
  availability: { state: 'on_shift', minutesLeft: 300 },
  ...change,
});

/** Four technicians: an idle one far away, a near one with work, and two who are neither. */
const FOUR = [
  candidate('idle', { openOrders: 0 }),
  candidate('near', { zone: 'east', openOrders: 6 }),
  candidate('busy', { openOrders: 4 }),
  candidate('other', { openOrders: 1 }),
];

/** The four with one thing about one of them changed. */
const four = (technicianId: string, change: Partial<Candidate>) =>
  FOUR.map((one) => (one.technicianId === technicianId ? { ...one, ...change } : one));

function chosen(job: Job, candidates: readonly Candidate[]): string {
  const { ranked, holdReason } = rankCandidates(job, candidates);
  return ranked[0]?.technicianId ?? `held: ${holdReason}`;
}

describe('D1: of four technicians the right one is sent, and each criterion alone changes the choice', () => {
  test('an ordinary job goes to whoever has time', () => {
    expect(chosen(JOB, FOUR)).toBe('idle');
  });

  test.each([
    ['skill: without a certificate', { certificate: 'none' }],
    ['skill: with an expired certificate', { certificate: 'expired' }],
    ['skill: with a revoked certificate', { certificate: 'revoked' }],
    ['skill: with a certificate that nobody signed', { certificate: 'unsigned' }],
    ['load: with nine orders in hand', { openOrders: 9 }],
    ['shift: off shift', OFF_SHIFT],
    ['shift: on call is not on shift', ON_CALL],
    ['shift: on leave', { availability: { state: 'on_leave' } }],
    ['centre: of a partner', PARTNER],
    ['centre: of a partner without a certificate', { ...PARTNER, isCentreCertified: false }],
    ['answer: after declining', { answer: 'declined' }],
    ['answer: after not answering', { answer: 'unanswered' }],
  ] as const)('%s, the idle one stays and another goes', (_what, change) => {
    expect(chosen(JOB, four('idle', change))).not.toBe('idle');
  });

  test('location: a job in the zone of another goes to that one', () => {
    const near = four('other', { zone: 'south' });
    expect(chosen({ ...JOB, place: { ...PLACE, zone: 'south' } }, near)).toBe('other');
  });

  test('urgency: an urgent job goes to whoever is near, busy or not', () => {
    expect(chosen({ ...JOB, priority: 'P1' }, FOUR)).toBe('near');
    expect(chosen({ ...JOB, isEmergency: true }, FOUR)).toBe('near');
  });

  test('shift: of two alike the one whose shift does not end soon', () => {
    const ending = candidate('a', { availability: { state: 'on_shift', minutesLeft: 20 } });
    expect(chosen(JOB, [ending, candidate('b')])).toBe('b');
  });

  test('whoever repaired the fault before is sent again first', () => {
    expect(chosen({ ...JOB, preferTechnicianId: 'busy' }, FOUR)).toBe('busy');
  });
});

test('urgent work reaches who is on call, before them who is on shift, never who is on leave', () => {
  const urgent: Job = { ...JOB, priority: 'P1' };
  expect(chosen(urgent, [candidate('a', ON_CALL)])).toBe('a');
  expect(chosen(urgent, [candidate('a', ON_CALL), candidate('b')])).toBe('b');
  expect(chosen(urgent, [candidate('a', { availability: { state: 'on_leave' } })])).toBe('held: off_shift');
  expect(chosen(urgent, [candidate('a', OFF_SHIFT)])).toBe('held: off_shift');
});

test('D8: a partner goes where no own technician can, in its zones only', () => {
  const partner = candidate('partner', { ...PARTNER, zone: 'east', openOrders: 0 });
  const own = candidate('own', { openOrders: 9 });
  expect(chosen(JOB, [partner, own])).toBe('own');
  expect(chosen(JOB, [partner, { ...own, ...OFF_SHIFT }])).toBe('partner');
  const west = { ...JOB, place: { ...PLACE, zone: 'west' } };
  expect(chosen(west, [partner])).toBe('held: out_of_zone');
  expect(chosen({ ...JOB, place: null }, [partner])).toBe('held: out_of_zone');
  expect(chosen(west, [{ ...partner, centre: { ...PARTNER.centre, zones: [] } }])).toBe('partner');
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

test('every score is told in parts, in both languages', () => {
  for (const { parts, score } of rankCandidates(JOB, [...FOUR, candidate('partner', PARTNER)]).ranked) {
    expect(parts.map(({ criterion }) => criterion)).toEqual([
      'skill',
      'load',
      'location',
      'shift',
      'centre',
      'continuity',
    ]);
    expect(parts.reduce((sum, part) => sum + part.score * part.weight, 0)).toBeCloseTo(score, 3);
    for (const { detail } of parts) {
      expect(detail['zh-CN']).not.toBe('');
      expect(detail.en).not.toBe('');
    }
  }
});

test('an order without anyone to send names the most telling reason', () => {
  expect(rankCandidates(JOB, [])).toEqual({ ranked: [], excluded: [], holdReason: 'no_skill' });
  const declined = candidate('a', { answer: 'declined' });
  const expired = candidate('b', { certificate: 'expired' });
  const unsigned = candidate('c', { certificate: 'unsigned' });
  expect(rankCandidates(JOB, [unsigned])).toMatchObject({ holdReason: 'no_skill' });
  expect(rankCandidates(JOB, [unsigned, expired])).toMatchObject({ holdReason: 'certificate_expired' });
  expect(rankCandidates(JOB, [expired, declined])).toMatchObject({
    holdReason: 'all_declined',
    excluded: [
      { technicianId: 'b', reason: 'certificate_expired' },
      { technicianId: 'a', reason: 'declined' },
    ],
  });
  expect(rankCandidates(JOB, [declined, candidate('d', OFF_SHIFT)])).toMatchObject({
    holdReason: 'off_shift',
  });
});

test('a skill that lapses within a month counts less; near, by distance, counts more', () => {
  const soon = candidate('a', { skillUntilMs: 86_400_000 });
  expect(chosen(JOB, [soon, candidate('b')])).toBe('b');
  const beijing = { zone: null, latitude: 39.9, longitude: 116.4 };
  const shanghai = { zone: null, latitude: 31.2, longitude: 121.5 };
  expect(distanceKm(beijing, shanghai)).toBeGreaterThan(1_050);
  expect(distanceKm(beijing, shanghai)).toBeLessThan(1_090);
  expect(distanceKm(beijing, beijing)).toBe(0);
  expect(distanceKm(beijing, PLACE)).toBeNull();
  const job = { ...JOB, priority: 'P1' as const, place: beijing };
  expect(chosen(job, [candidate('far', { at: shanghai }), candidate('here', { at: beijing })])).toBe('here');
});
