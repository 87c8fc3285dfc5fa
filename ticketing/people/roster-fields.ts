import type { NewTechnician, ShiftExceptionInput, Technician, TechnicianChange } from '#contracts/people.ts';
import { instantMs, isoTime, isTimeZone } from '#contracts/time.ts';
import type { Tx } from '#platform/db/db.ts';
import { invalidField } from '#platform/errors.ts';
import { findCentre } from '../centres/index.ts';

type RosterChange = Pick<
  NewTechnician & TechnicianChange,
  'centreId' | 'timeZone' | 'shifts' | 'shiftExceptions' | 'isOnCall'
>;

/** What of a change is about centre and working hours, as columns. */
export function rosterColumns(change: RosterChange) {
  const { centreId, timeZone, shifts, shiftExceptions, isOnCall } = change;
  return {
    ...(centreId !== undefined && { centre_id: centreId }),
    ...(timeZone !== undefined && { time_zone: timeZone }),
    ...(shifts !== undefined && { shifts: shifts === null ? null : JSON.stringify(shifts) }),
    ...(shiftExceptions !== undefined && {
      shift_exceptions: JSON.stringify(
        shiftExceptions.map(({ kind, from, until, note = null }) => ({
          kind,
          fromMs: instantMs(from),
          untilMs: instantMs(until),
          note,
        })),
      ),
    }),
    ...(isOnCall !== undefined && { is_on_call: isOnCall }),
  };
}

/** Spans as a technician's record shows them, so that a change can be compared with it. */
export function shownExceptions(given: readonly ShiftExceptionInput[]): Technician['shiftExceptions'] {
  return given.map(({ kind, from, until, note = null }) => ({
    kind,
    from: isoTime(instantMs(from)),
    until: isoTime(instantMs(until)),
    note,
  }));
}

/** 422 where the technician's centre, time zone or spans cannot be. */
export async function requireRoster(tx: Tx, change: RosterChange, current?: Technician): Promise<void> {
  const { timeZone, centreId } = change;
  const centre = typeof centreId === 'string' ? await findCentre(tx, centreId) : undefined;
  if (typeof centreId === 'string' && centre === undefined) {
    throw invalidField('PEOPLE_CENTRE_UNKNOWN', 'centreId', `no centre ${centreId}`);
  }
  if (typeof timeZone === 'string' && !isTimeZone(timeZone)) {
    throw invalidField('PEOPLE_TIME_ZONE_UNKNOWN', 'timeZone', `${timeZone} is no IANA time zone`);
  }
  const after = { ...current, ...change };
  if ((after.shifts ?? null) !== null && (after.timeZone ?? after.centreId ?? null) === null) {
    throw invalidField(
      'PEOPLE_TIME_ZONE_MISSING',
      'timeZone',
      'shifts need a time zone, or a centre that has one',
    );
  }
  if (change.shiftExceptions?.some(({ from, until }) => instantMs(from) >= instantMs(until))) {
    throw invalidField('PEOPLE_SPAN_EMPTY', 'shiftExceptions', 'a span ends after it starts');
  }
}
