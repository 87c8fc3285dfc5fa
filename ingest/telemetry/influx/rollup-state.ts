import { sql } from 'kysely';
import type { DeviceKind } from '#contracts/metrics.ts';
import type { Db } from '#platform/db/db.ts';
import { HOUR_MS } from './measurements.ts';

/** How far a kind is rolled up. Kept in PostgreSQL, apart from what its own telemetry tables note. */
export interface Progress {
  readonly minuteUntilMs: number;
  readonly hourUntilMs: number;
}

/** An hour of a device that late points touched; `mark` tells one marking from the next. */
export interface DirtyHour {
  readonly deviceId: string;
  readonly hourMs: number;
  readonly mark: string;
}

const keyOf = (kind: DeviceKind) => `influx ${kind}`;

/** The progress; a kind that has none starts at the hour of now, and whatever is older counts as late. */
export async function readProgress(db: Db, kind: DeviceKind, nowMs: number): Promise<Progress> {
  const start = new Date(Math.floor(nowMs / HOUR_MS) * HOUR_MS);
  await sql`insert into telemetry_rollup values (${keyOf(kind)}, ${start}, ${start})
    on conflict (kind) do nothing`.execute(db);
  const { rows } = await sql<{ minute_until: number; hour_until: number }>`
    select minute_until, hour_until from telemetry_rollup where kind = ${keyOf(kind)}`.execute(db);
  const [row] = rows;
  return { minuteUntilMs: row?.minute_until ?? nowMs, hourUntilMs: row?.hour_until ?? nowMs };
}

export async function saveProgress(db: Db, kind: DeviceKind, progress: Progress): Promise<void> {
  await sql`update telemetry_rollup
    set minute_until = ${new Date(progress.minuteUntilMs)}, hour_until = ${new Date(progress.hourUntilMs)}
    where kind = ${keyOf(kind)}`.execute(db);
}

/** Whether another process stored telemetry since then: our own memory is not the whole. */
export async function hasOtherWriters(db: Db, sinceMs: number): Promise<boolean> {
  const { rows } = await sql<{ nodes: number }>`
    select count(*)::int as nodes from log_checkpoint where saved_at >= ${new Date(sinceMs)}`.execute(db);
  return (rows[0]?.nodes ?? 0) > 1;
}

/** Marks hours that points behind the rollups belong to; marking again makes a new mark. */
export async function markDirty(
  db: Db,
  kind: DeviceKind,
  hours: readonly Omit<DirtyHour, 'mark'>[],
): Promise<void> {
  const devices = hours.map((hour) => hour.deviceId);
  const starts = hours.map((hour) => new Date(hour.hourMs));
  await sql`insert into telemetry_dirty
    select ${keyOf(kind)}, d, h from unnest(${devices}::text[], ${starts}::timestamptz[]) as u(d, h)
    on conflict (kind, device_id, hour) do update set hour = excluded.hour`.execute(db);
}

/** Some marked hours, those of one instant together. */
export async function readDirty(db: Db, kind: DeviceKind, limit: number): Promise<DirtyHour[]> {
  const { rows } = await sql<{ device_id: string; hour: number; mark: string }>`
    select device_id, hour, xmin::text as mark from telemetry_dirty where kind = ${keyOf(kind)}
    order by hour, device_id limit ${limit}`.execute(db);
  return rows.map((row) => ({ deviceId: row.device_id, hourMs: row.hour, mark: row.mark }));
}

/** Takes marks away, except where the hour was marked again since they were read. */
export async function clearDirty(db: Db, kind: DeviceKind, hours: readonly DirtyHour[]): Promise<void> {
  const devices = hours.map((hour) => hour.deviceId);
  const starts = hours.map((hour) => new Date(hour.hourMs));
  const marks = hours.map((hour) => hour.mark);
  await sql`delete from telemetry_dirty t
    using unnest(${devices}::text[], ${starts}::timestamptz[], ${marks}::text[]) as u(d, h, m)
    where t.kind = ${keyOf(kind)} and t.device_id = u.d and t.hour = u.h and t.xmin::text = u.m`.execute(db);
}
