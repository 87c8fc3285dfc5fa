import { type Static, Type } from 'typebox';

/** The last instant of the year 9999: what databases and calendars can hold. */
const LAST_MS = 253_402_300_799_999;

/** An instant as HTTP takes it: ISO 8601, or epoch ms. */
export const Instant = Type.Union(
  [Type.String({ format: 'date-time' }), Type.Integer({ minimum: 0, maximum: LAST_MS })],
  { description: 'ISO 8601, or epoch milliseconds' },
);
export type Instant = Static<typeof Instant>;

/** An instant as HTTP gives it. */
export const IsoTime = Type.String({ format: 'date-time' });

/** Epoch ms of an instant as HTTP takes it. */
export function instantMs(instant: Instant): number {
  return typeof instant === 'number' ? instant : Date.parse(instant);
}

/** Epoch ms as HTTP gives it. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** The same for an instant that may be missing. */
export function isoTimeOrNull(ms: number | null): string | null {
  return ms === null ? null : isoTime(ms);
}

/** Whether the name is that of an IANA time zone that this machine knows; offsets are none. */
export function isTimeZone(name: string): boolean {
  if (/^[+-]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
