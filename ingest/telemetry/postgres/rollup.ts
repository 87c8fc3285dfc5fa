import { type RawBuilder, sql } from 'kysely';
import type { DeviceKind } from '#contracts/metrics.ts';
import type { Db, Tx } from '#platform/db/db.ts';
import { HOUR_MS, MINUTE_MS, type Resolution, tableOf } from './schema.ts';

/** Device-hours that late points touched are recomputed this many at a time. */
const DIRTY_LIMIT = 500;

/** A first rollup or one after a long pause goes in steps of this many minutes, so that none takes long. */
const STEP_MS = 10 * MINUTE_MS;

/** `from` names the source rows as `t`. */
interface Source {
  readonly from: RawBuilder<unknown>;
  readonly metrics: readonly string[];
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ');
}

function threeOf(metric: string): string[] {
  return [metric, `${metric}_min`, `${metric}_max`];
}

function updates(columns: readonly string[]): string {
  return ['samples', ...columns].map((name) => `"${name}" = excluded."${name}"`).join(', ');
}

/** Minutes from raw points. */
async function rollMinutes(db: Db, kind: DeviceKind, { from, metrics }: Source): Promise<void> {
  const columns = metrics.flatMap(threeOf);
  const values = metrics.map((name) => `avg("${name}"), min("${name}"), max("${name}")`).join(', ');
  await sql`insert into ${sql.raw(tableOf(kind, 'minute'))} (device_id, component, ts, samples, ${sql.raw(quoted(columns))})
    select t.device_id, t.component, date_trunc('minute', t.ts, 'UTC'), count(*)::int, ${sql.raw(values)}
    from ${from} group by 1, 2, 3
    on conflict (device_id, component, ts) do update set ${sql.raw(updates(columns))}`.execute(db);
}

/** Hours from minutes; an average weighs each minute by its samples. */
async function rollHours(db: Db, kind: DeviceKind, { from, metrics }: Source): Promise<void> {
  const columns = metrics.flatMap(threeOf);
  const values = metrics
    .map(
      (name) =>
        `sum("${name}" * samples) / nullif(sum(samples) filter (where "${name}" is not null), 0), min("${name}_min"), max("${name}_max")`,
    )
    .join(', ');
  await sql`insert into ${sql.raw(tableOf(kind, 'hour'))} (device_id, component, ts, samples, ${sql.raw(quoted(columns))})
    select t.device_id, t.component, date_trunc('hour', t.ts, 'UTC'), sum(samples)::int, ${sql.raw(values)}
    from ${from} group by 1, 2, 3
    on conflict (device_id, component, ts) do update set ${sql.raw(updates(columns))}`.execute(db);
}

async function seenMetrics(db: Db, kind: DeviceKind): Promise<string[]> {
  const { rows } = await sql<{ metric: string }>`
    select metric from telemetry_seen_metric where kind = ${kind} order by metric`.execute(db);
  return rows.map((row) => row.metric);
}

interface Progress {
  readonly minuteUntilMs: number;
  readonly hourUntilMs: number;
}

async function readProgress(db: Db, kind: DeviceKind): Promise<Progress | null> {
  const { rows } = await sql<{ minute_until: number; hour_until: number }>`
    select minute_until, hour_until from telemetry_rollup where kind = ${kind}`.execute(db);
  const [row] = rows;
  return row === undefined ? null : { minuteUntilMs: row.minute_until, hourUntilMs: row.hour_until };
}

async function saveProgress(
  tx: Tx,
  kind: DeviceKind,
  { minuteUntilMs, hourUntilMs }: Progress,
): Promise<void> {
  await sql`insert into telemetry_rollup values (${kind}, ${new Date(minuteUntilMs)}, ${new Date(hourUntilMs)})
    on conflict (kind) do update set minute_until = excluded.minute_until, hour_until = excluded.hour_until`.execute(
    tx,
  );
}

/** The start of rollups for a kind that has none: the hour of now, whatever is older counts as late. */
export async function rollupUntil(db: Db, kind: DeviceKind, nowMs: number): Promise<number> {
  const progress = await readProgress(db, kind);
  if (progress !== null) return progress.minuteUntilMs;
  const startMs = Math.floor(nowMs / HOUR_MS) * HOUR_MS;
  await sql`insert into telemetry_rollup values (${kind}, ${new Date(startMs)}, ${new Date(startMs)})
    on conflict (kind) do nothing`.execute(db);
  return startMs;
}

/** All rows of a span of time. */
function span(kind: DeviceKind, resolution: Resolution, [fromMs, toMs]: readonly [number, number]) {
  return sql`${sql.raw(tableOf(kind, resolution))} t where t.ts >= ${new Date(fromMs)} and t.ts < ${new Date(toMs)}`;
}

/** Minutes up to `untilMs`, then the hours that they complete. One step, one transaction. */
async function rollStep(db: Db, kind: DeviceKind, untilMs: number): Promise<void> {
  const metrics = await seenMetrics(db, kind);
  await db.transaction().execute(async (tx) => {
    const from = await readProgress(tx, kind);
    if (from === null || from.minuteUntilMs >= untilMs) return;
    const hourUntilMs = Math.max(from.hourUntilMs, Math.floor(untilMs / HOUR_MS) * HOUR_MS);
    if (metrics.length > 0) {
      await rollMinutes(tx, kind, { from: span(kind, 'raw', [from.minuteUntilMs, untilMs]), metrics });
      if (hourUntilMs > from.hourUntilMs) {
        await rollHours(tx, kind, { from: span(kind, 'minute', [from.hourUntilMs, hourUntilMs]), metrics });
      }
    }
    await saveProgress(tx, kind, { minuteUntilMs: untilMs, hourUntilMs });
  });
}

/** Recomputes device-hours that late points touched; gives how many. */
async function rollDirty(db: Db, kind: DeviceKind): Promise<number> {
  const metrics = await seenMetrics(db, kind);
  return db.transaction().execute(async (tx) => {
    const { rows } = await sql<{ device_id: string; hour: number }>`
      delete from telemetry_dirty where ctid in (
        select ctid from telemetry_dirty where kind = ${kind} order by device_id, hour
        limit ${DIRTY_LIMIT} for update skip locked)
      returning device_id, hour`.execute(tx);
    if (rows.length === 0 || metrics.length === 0) return rows.length;
    const progress = await readProgress(tx, kind);
    const complete = rows.filter((row) => row.hour < (progress?.hourUntilMs ?? 0));
    await rollMinutes(tx, kind, { from: deviceHours(kind, 'raw', rows), metrics });
    if (complete.length > 0)
      await rollHours(tx, kind, { from: deviceHours(kind, 'minute', complete), metrics });
    return rows.length;
  });
}

interface DeviceHour {
  readonly device_id: string;
  readonly hour: number;
}

/** The rows of some hours of some devices. */
function deviceHours(kind: DeviceKind, resolution: Resolution, hours: readonly DeviceHour[]) {
  const devices = hours.map((row) => row.device_id);
  const starts = hours.map((row) => new Date(row.hour));
  return sql`unnest(${devices}::text[], ${starts}::timestamptz[]) as d(id, hour)
    join ${sql.raw(tableOf(kind, resolution))} t
    on t.device_id = d.id and t.ts >= d.hour and t.ts < d.hour + interval '1 hour'`;
}

/** Marks the hours that points behind the rollups belong to. Marking twice changes nothing. */
export async function markDirty(db: Db, kind: DeviceKind, hours: readonly DeviceHour[]): Promise<void> {
  const devices = hours.map((row) => row.device_id);
  const starts = hours.map((row) => new Date(row.hour));
  await sql`insert into telemetry_dirty select ${kind}, d, h from unnest(${devices}::text[], ${starts}::timestamptz[]) as u(d, h)
    on conflict do nothing`.execute(db);
}

/** Remembers which metrics a kind has ever reported: rollups name no others. */
export async function noteSeenMetrics(db: Db, kind: DeviceKind, metrics: readonly string[]): Promise<void> {
  await sql`insert into telemetry_seen_metric select ${kind}, m from unnest(${metrics}::text[]) as u(m)
    on conflict do nothing`.execute(db);
}

/** Brings a kind's rollups up to the instant (a whole minute), then recomputes what late points touched. */
export async function rollUpKind(db: Db, kind: DeviceKind, untilMs: number): Promise<void> {
  const progress = await readProgress(db, kind);
  const fromMs = progress?.minuteUntilMs ?? untilMs;
  for (let stepMs = fromMs + STEP_MS; stepMs < untilMs; stepMs += STEP_MS) await rollStep(db, kind, stepMs);
  await rollStep(db, kind, untilMs);
  while ((await rollDirty(db, kind)) === DIRTY_LIMIT);
}
