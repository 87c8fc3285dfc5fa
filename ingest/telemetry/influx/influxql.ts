/** A string literal of InfluxQL. */
export function literal(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`;
}

/** A quoted name of InfluxQL. */
export function name(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}

/** A tag value of line protocol. */
export function escapeTag(text: string): string {
  return text.replace(/[,= ]/g, '\\$&');
}

/** Times are int64 nanoseconds inside the server. */
const MAX_MS = 9_223_372_036_000;

/** A condition on time: from, inclusive, to, exclusive, in epoch ms. */
export function within(fromMs: number, toMs: number): string {
  const bound = (ms: number) => Math.floor(Math.max(-MAX_MS, Math.min(MAX_MS, ms)));
  return `time >= ${bound(fromMs)}ms and time < ${bound(toMs)}ms`;
}

/** A condition that one of the devices meets. */
export function ofDevices(deviceIds: readonly string[]): string {
  return `(${deviceIds.map((id) => `"device_id" = ${literal(id)}`).join(' or ')})`;
}
