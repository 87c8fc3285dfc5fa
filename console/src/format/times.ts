const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

const clock = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' } as const;
const minutes = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
const day = { month: 'short', day: 'numeric' } as const;
const year = { year: 'numeric' } as const;

function isSameDay(oneMs: number, otherMs: number): boolean {
  return new Date(oneMs).toDateString() === new Date(otherMs).toDateString();
}

/** An instant in local time: the time of day if it is today, else with its date; the year where it is another. */
export function formatTime(ms: number, nowMs: number, language: string): string {
  const isThisYear = new Date(ms).getFullYear() === new Date(nowMs).getFullYear();
  const date = isThisYear ? day : { ...day, ...year };
  const form = isSameDay(ms, nowMs) ? clock : { ...date, ...minutes };
  return new Intl.DateTimeFormat(language, form).format(ms);
}

export function formatDate(ms: number, language: string): string {
  return new Intl.DateTimeFormat(language, { ...day, ...year }).format(ms);
}

/** From one day to another. */
export function formatDates(fromMs: number, toMs: number, language: string): string {
  return new Intl.DateTimeFormat(language, { ...day, ...year }).formatRange(fromMs, toMs);
}

export function formatMinute(ms: number, language: string): string {
  return new Intl.DateTimeFormat(language, minutes).format(ms);
}

/** How far an instant is from now, in words, in the largest unit that fits: past and future. */
export function formatDistance(ms: number, nowMs: number, language: string): string {
  const format = new Intl.RelativeTimeFormat(language, { numeric: 'auto', style: 'short' });
  const away = ms - nowMs;
  const size = Math.abs(away);
  if (size >= DAY_MS) return format.format(Math.trunc(away / DAY_MS), 'day');
  if (size >= HOUR_MS) return format.format(Math.trunc(away / HOUR_MS), 'hour');
  if (size >= MINUTE_MS) return format.format(Math.trunc(away / MINUTE_MS), 'minute');
  return format.format(Math.trunc(away / 1_000), 'second');
}
