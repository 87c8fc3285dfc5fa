const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

const clock = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' } as const;
const minutes = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
const day = { year: 'numeric', month: 'short', day: 'numeric' } as const;

function isSameDay(oneMs: number, otherMs: number): boolean {
  return new Date(oneMs).toDateString() === new Date(otherMs).toDateString();
}

/** An instant in local time: the time of day if it is today, else with its date. */
export function formatTime(ms: number, nowMs: number, language: string): string {
  const form = isSameDay(ms, nowMs) ? clock : { ...day, ...minutes };
  return new Intl.DateTimeFormat(language, form).format(ms);
}

export function formatDate(ms: number, language: string): string {
  return new Intl.DateTimeFormat(language, day).format(ms);
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
