const TIME = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?)\s?(Z|[+-]\d\d:?\d\d)?$/i;

/** Epoch ms of a station's timestamp, or null for what is none. Without a zone it is UTC (OCPP 1.6, 3.13). */
export function readTime(value: unknown): number | null {
  const [, day, clock, zone] = (typeof value === 'string' ? TIME.exec(value.trim()) : null) ?? [];
  if (day === undefined || clock === undefined) return null;
  const offset = zone === undefined ? 'Z' : zone.replace(/^([+-]\d\d)(\d\d)$/, '$1:$2');
  const ms = Date.parse(`${day}T${clock.replace(',', '.')}${offset.toUpperCase()}`);
  return Number.isNaN(ms) ? null : ms;
}
