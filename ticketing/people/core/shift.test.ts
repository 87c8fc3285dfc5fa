import fc from 'fast-check';
import { expect, test } from 'vitest';
import { WEEKDAYS } from '#contracts/people.ts';
import { type Availability, availability, createWallClock, type Roster } from './shift.ts';

const OFFICE: Roster = {
  shifts: WEEKDAYS.slice(0, 5).map((day) => ({ day, from: '08:00', until: '17:00' })),
  timeZone: 'Asia/Shanghai',
  exceptions: [],
  isOnCall: false,
};

function at(iso: string, roster: Roster = OFFICE): Availability {
  const atMs = Date.parse(iso);
  return availability(roster, createWallClock(atMs), atMs);
}

test('a shift holds from its first minute to before its end, on the wall of its zone', () => {
  expect(at('2026-11-20T00:00:00Z')).toEqual({ state: 'on_shift', minutesLeft: 540 });
  expect(at('2026-11-20T08:59:00Z')).toEqual({ state: 'on_shift', minutesLeft: 1 });
  expect(at('2026-11-20T09:00:00Z')).toEqual({ state: 'off_shift' });
  expect(at('2026-11-19T23:59:00Z')).toEqual({ state: 'off_shift' });
  expect(at('2026-11-21T04:00:00Z')).toEqual({ state: 'off_shift' });
  expect(at('2026-11-21T04:00:00Z', { ...OFFICE, isOnCall: true })).toEqual({ state: 'on_call' });
});

test('a shift keeps its wall time where clocks change', () => {
  const berlin: Roster = { ...OFFICE, timeZone: 'Europe/Berlin' };
  expect(at('2026-07-01T06:00:00Z', berlin).state).toBe('on_shift');
  expect(at('2026-12-01T06:00:00Z', berlin).state).toBe('off_shift');
  expect(at('2026-12-01T07:00:00Z', berlin).state).toBe('on_shift');
});

test('a night shift ends on the next day, from Sunday to Monday too', () => {
  const night: Roster = { ...OFFICE, shifts: [{ day: 'sun', from: '22:00', until: '06:00' }] };
  expect(at('2026-11-22T15:00:00Z', night)).toEqual({ state: 'on_shift', minutesLeft: 420 });
  expect(at('2026-11-22T21:59:00Z', night)).toEqual({ state: 'on_shift', minutesLeft: 1 });
  expect(at('2026-11-22T22:00:00Z', night)).toEqual({ state: 'off_shift' });
});

test('leave beats the shift, extra hours beat the free day, no shifts mean any time', () => {
  const span = { fromMs: Date.parse('2026-11-20T00:00:00Z'), untilMs: Date.parse('2026-11-22T00:00:00Z') };
  const away = { ...OFFICE, exceptions: [{ kind: 'leave', ...span } as const] };
  const extra = { ...OFFICE, exceptions: [{ kind: 'extra', ...span } as const] };
  expect(at('2026-11-20T04:00:00Z', away)).toEqual({ state: 'on_leave' });
  expect(at('2026-11-22T04:00:00Z', extra)).toEqual({ state: 'off_shift' });
  expect(at('2026-11-21T23:00:00Z', extra)).toEqual({ state: 'on_shift', minutesLeft: 60 });
  expect(at('2026-11-21T04:00:00Z', { ...OFFICE, shifts: null })).toEqual({
    state: 'on_shift',
    minutesLeft: null,
  });
  expect(at('2026-11-20T04:00:00Z', { ...away, shifts: null })).toEqual({ state: 'on_leave' });
});

test('whoever works round the clock is never off shift', () => {
  const always = WEEKDAYS.map((day) => ({ day, from: '00:00', until: '00:00' }));
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_000_000_000_000 }), (atMs) => {
      const roster = { ...OFFICE, shifts: always, timeZone: 'America/New_York' };
      expect(availability(roster, createWallClock(atMs), atMs).state).toBe('on_shift');
    }),
  );
});
