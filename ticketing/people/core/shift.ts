import { type Shift, WEEKDAYS, type Weekday } from '#contracts/people.ts';

/** When somebody works: weekly shifts in a time zone, and the spans in which those do not hold. */
export interface Roster {
  /** Null: any time. */
  readonly shifts: readonly Shift[] | null;
  readonly timeZone: string;
  readonly exceptions: readonly ShiftSpan[];
  readonly isOnCall: boolean;
}

export interface ShiftSpan {
  readonly kind: 'leave' | 'extra';
  readonly fromMs: number;
  readonly untilMs: number;
}

export type Availability =
  /** `minutesLeft` until the shift ends, by the wall clock; null where it has no end. */
  | { readonly state: 'on_shift'; readonly minutesLeft: number | null }
  | { readonly state: 'on_call' | 'off_shift' | 'on_leave' };

const DAY_MINUTES = 1_440;
const WEEK_MINUTES = 7 * DAY_MINUTES;

/** Tells the minute of the week, from Monday midnight, on the wall of a time zone. */
export type WallClock = (timeZone: string) => number;

/** The walls of one instant; each zone is worked out once. */
export function createWallClock(atMs: number): WallClock {
  const known = new Map<string, number>();
  return (timeZone) => {
    const minute = known.get(timeZone) ?? minuteOfWeek(timeZone, atMs);
    known.set(timeZone, minute);
    return minute;
  };
}

/** Whether somebody works at that instant: leave beats everything, extra hours beat the weekly shifts. */
export function availability(roster: Roster, wall: WallClock, atMs: number): Availability {
  const span = (kind: ShiftSpan['kind']) =>
    roster.exceptions.find((each) => each.kind === kind && each.fromMs <= atMs && atMs < each.untilMs);
  if (span('leave') !== undefined) return { state: 'on_leave' };
  if (roster.shifts === null) return { state: 'on_shift', minutesLeft: null };
  const extra = span('extra');
  if (extra !== undefined) return { state: 'on_shift', minutesLeft: (extra.untilMs - atMs) / 60_000 };
  const minutesLeft = Math.max(0, ...roster.shifts.map((shift) => leftOf(shift, wall(roster.timeZone))));
  if (minutesLeft > 0) return { state: 'on_shift', minutesLeft };
  return { state: roster.isOnCall ? 'on_call' : 'off_shift' };
}

/** Minutes that are left of a shift; 0 outside it. */
function leftOf(shift: Shift, minuteNow: number): number {
  const from = minuteOfDay(shift.from);
  const length = (minuteOfDay(shift.until) - from + DAY_MINUTES) % DAY_MINUTES || DAY_MINUTES;
  const start = WEEKDAYS.indexOf(shift.day) * DAY_MINUTES + from;
  const gone = (minuteNow - start + WEEK_MINUTES) % WEEK_MINUTES;
  return Math.max(0, length - gone);
}

function minuteOfDay(time: string): number {
  const [hours = '0', minutes = '0'] = time.split(':');
  return Number(hours) * 60 + Number(minutes);
}

function minuteOfWeek(timeZone: string, atMs: number): number {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const parts = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, value]));
  const day = WEEKDAYS.indexOf((parts.get('weekday') ?? '').toLowerCase() as Weekday);
  return day * DAY_MINUTES + Number(parts.get('hour')) * 60 + Number(parts.get('minute'));
}
