import { type RawBuilder, sql } from 'kysely';
import { type DeviceKind, findMetric, METRICS } from '#contracts/metrics.ts';
import type { Aggregate, TelemetryQuery, TelemetrySeries } from '#contracts/telemetry.ts';
import type { Db } from '#platform/db/db.ts';
import { LATEST_POINTS, type LatestValues } from '../telemetry-store.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, type Resolution, tableOf } from './schema.ts';

/** A span up to this long is always read from raw points. */
const RAW_SPAN_MS = 6 * HOUR_MS;

/** Points of one answer, at most: the newest are kept. */
const MAX_ROWS = 20_000;

type Row = { component: string; t: number } & Record<string, number | string | null>;

/** The coarsest stored resolution that still answers the question exactly. */
function resolutionFor({ everyMs, fromMs, toMs, agg }: TelemetryQuery): Resolution {
  if (everyMs === null || agg === 'last' || toMs - fromMs <= RAW_SPAN_MS) return 'raw';
  if (everyMs % HOUR_MS === 0) return 'hour';
  return everyMs % MINUTE_MS === 0 ? 'minute' : 'raw';
}

/** SQL of one metric's aggregate; a rollup's average weighs each bucket by its samples. */
function aggregate(name: string, agg: Aggregate, resolution: Resolution): string {
  if (agg === 'last')
    return `(array_agg("${name}" order by ts desc) filter (where "${name}" is not null))[1]`;
  if (resolution === 'raw') return `${agg}("${name}")`;
  if (agg === 'avg')
    return `sum("${name}" * samples) / nullif(sum(samples) filter (where "${name}" is not null), 0)`;
  return `${agg}("${name}_${agg}")`;
}

function bucketOf(everyMs: number | null): RawBuilder<unknown> {
  if (everyMs === null) return sql`ts`;
  return sql`date_bin(${`${everyMs} milliseconds`}::interval, ts, timestamptz 'epoch')`;
}

interface Part {
  readonly resolution: Resolution;
  readonly fromMs: number;
  readonly toMs: number;
}

async function readPart(db: Db, query: TelemetryQuery, part: Part): Promise<Row[]> {
  const { everyMs, metrics, agg } = query;
  const fields = metrics.map((name) =>
    everyMs === null ? `"${name}"` : `${aggregate(name, agg, part.resolution)} as "${name}"`,
  );
  const component = query.component === undefined ? sql`` : sql`and component = ${query.component}`;
  const present = sql.raw(`(${metrics.map((name) => `"${name}" is not null`).join(' or ')})`);
  const { rows } = await sql<Row>`
    select component, ${bucketOf(everyMs)} as t, ${sql.raw(fields.join(', '))}
    from ${sql.raw(tableOf(query.kind, part.resolution))}
    where device_id = ${query.deviceId} ${component} and ${present}
      and ts >= ${new Date(part.fromMs)} and ts < ${new Date(part.toMs)}
    ${everyMs === null ? sql`` : sql`group by 1, 2`}
    order by 2 desc, 1 desc limit ${MAX_ROWS}`.execute(db);
  return rows.reverse();
}

function seriesOf(query: TelemetryQuery, rows: readonly Row[]): TelemetrySeries[] {
  const series = new Map<string, TelemetrySeries>();
  for (const metric of query.metrics) {
    const unit = findMetric(query.kind, metric)?.unit ?? '1';
    for (const row of rows) {
      const value = row[metric];
      if (typeof value !== 'number') continue;
      const key = `${metric} ${row.component}`;
      const found = series.get(key) ?? { metric, component: row.component, unit, points: [] };
      found.points.push([row.t, value]);
      series.set(key, found);
    }
  }
  return [...series.values()];
}

/**
 * Reads a question's answer: from rollups as far as they go, from raw points behind that. A bucket begins at a
 * whole multiple of `everyMs` since the epoch.
 */
export async function queryTelemetry(
  db: Db,
  query: TelemetryQuery,
  rolledUntilMs: number,
): Promise<TelemetrySeries[]> {
  if (query.metrics.length === 0) return [];
  const resolution = resolutionFor(query);
  const everyMs = query.everyMs ?? 1;
  const borderMs =
    resolution === 'raw' ? query.fromMs : Math.floor(Math.min(rolledUntilMs, query.toMs) / everyMs) * everyMs;
  const parts: Part[] = [
    { resolution, fromMs: query.fromMs, toMs: borderMs },
    { resolution: 'raw', fromMs: Math.max(query.fromMs, borderMs), toMs: query.toMs },
  ];
  const rows: Row[] = [];
  for (const part of parts) if (part.fromMs < part.toMs) rows.push(...(await readPart(db, query, part)));
  return seriesOf(query, rows);
}

/** Newest row of each device and component. Old values of metrics that it lacks are not looked for. */
export async function latestValues(
  db: Db,
  kind: DeviceKind,
  { deviceIds, nowMs }: { deviceIds: readonly string[]; nowMs: number },
): Promise<LatestValues[]> {
  const { rows } = await sql<Record<string, number | string | null>>`
    select t.* from unnest(${deviceIds}::text[]) as d(id)
    cross join lateral (
      select *, row_number() over (partition by component order by ts desc) as place
      from ${sql.raw(tableOf(kind, 'raw'))}
      where device_id = d.id and ts > ${new Date(nowMs - DAY_MS)}) t
    where place <= ${LATEST_POINTS} order by device_id, component, ts desc`.execute(db);
  const found = new Map<string, { -readonly [K in keyof LatestValues]: LatestValues[K] }>();
  for (const row of rows) {
    const [deviceId, component] = [String(row.device_id), String(row.component)];
    const key = `${deviceId}\n${component}`;
    const latest = found.get(key) ?? { deviceId, component, observedAtMs: Number(row.ts), values: {} };
    found.set(key, latest);
    latest.values = { ...valuesOf(kind, row), ...latest.values };
  }
  const order = new Map(deviceIds.map((id, index) => [id, index]));
  return [...found.values()].sort(
    (one, other) => (order.get(one.deviceId) ?? 0) - (order.get(other.deviceId) ?? 0),
  );
}

function valuesOf(kind: DeviceKind, row: Readonly<Record<string, unknown>>): Record<string, number> {
  const values: Record<string, number> = {};
  for (const { name } of METRICS[kind]) {
    const value = row[name];
    if (typeof value === 'number') values[name] = value;
  }
  return values;
}
