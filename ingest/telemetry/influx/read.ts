import { type DeviceKind, findMetric, METRICS } from '#contracts/metrics.ts';
import type { Aggregate, TelemetryQuery, TelemetrySeries } from '#contracts/telemetry.ts';
import { LATEST_POINTS, type LatestValues } from '../telemetry-store.ts';
import type { InfluxClient, InfluxSeries } from './influx-client.ts';
import { literal, name, ofDevices, within } from './influxql.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, measurementOf, type Resolution } from './measurements.ts';

/** A span up to this long is always read from raw points. */
const RAW_SPAN_MS = 6 * HOUR_MS;

/** Points of one answer and component, at most: the newest are kept. */
const MAX_ROWS = 20_000;

/** Devices of one question for latest values. */
const LATEST_DEVICES = 100;

/** The coarsest stored resolution that still answers the question exactly. */
function resolutionFor({ everyMs, fromMs, toMs, agg }: TelemetryQuery): Resolution {
  if (everyMs === null || agg === 'last' || toMs - fromMs <= RAW_SPAN_MS) return 'raw';
  if (everyMs % HOUR_MS === 0) return 'hour';
  return everyMs % MINUTE_MS === 0 ? 'minute' : 'raw';
}

/** A rollup's average is of the values themselves: each bucket keeps their sum and number. */
function aggregate(metric: string, agg: Aggregate, resolution: Resolution): string {
  if (resolution === 'raw') return `${agg === 'avg' ? 'mean' : agg}(${name(metric)})`;
  if (agg === 'avg') return `sum(${name(`${metric}_sum`)}) / sum(${name(`${metric}_samples`)})`;
  return `${agg}(${name(`${metric}_${agg}`)})`;
}

interface Part {
  readonly resolution: Resolution;
  readonly fromMs: number;
  readonly toMs: number;
}

function statementOf(query: TelemetryQuery, { resolution, fromMs, toMs }: Part): string {
  const { everyMs, metrics, agg, deviceId, component, kind } = query;
  const fields = metrics.map((metric) =>
    everyMs === null ? name(metric) : `${aggregate(metric, agg, resolution)} as ${name(metric)}`,
  );
  const ofPart = component === undefined ? '' : ` and "component" = ${literal(component)}`;
  const buckets = everyMs === null ? '"component"' : `time(${everyMs}ms), "component" fill(none)`;
  return `select ${fields.join(', ')} from ${name(measurementOf(kind, resolution))}
    where ${ofDevices([deviceId])}${ofPart} and ${within(fromMs, toMs)}
    group by ${buckets} order by time desc limit ${MAX_ROWS}`;
}

type Point = [ms: number, value: number];

/** Points of each metric and component, oldest first, behind those of the series that are there. */
function append(
  found: Map<string, Point[]>,
  metrics: readonly string[],
  rows: readonly InfluxSeries[],
): void {
  for (const { tags, values } of rows) {
    for (const [index, metric] of metrics.entries()) {
      const key = `${metric} ${tags?.component ?? ''}`;
      const points = found.get(key) ?? [];
      for (const row of values) {
        const value = row[index + 1];
        if (typeof value === 'number') points.push([Number(row[0]), value]);
      }
      if (points.length > 0) found.set(key, points);
    }
  }
}

async function collect(series: AsyncIterable<InfluxSeries>): Promise<InfluxSeries[]> {
  const all: InfluxSeries[] = [];
  for await (const one of series) all.push(one);
  return all;
}

function seriesOf(query: TelemetryQuery, found: ReadonlyMap<string, Point[]>): TelemetrySeries[] {
  const components = [...new Set([...found.keys()].map((key) => key.slice(key.indexOf(' ') + 1)))].sort();
  return query.metrics.flatMap((metric) => {
    const unit = findMetric(query.kind, metric)?.unit ?? '1';
    return components.flatMap((component) => {
      const points = found.get(`${metric} ${component}`)?.sort(([one], [other]) => one - other);
      return points === undefined ? [] : [{ metric, component, unit, points }];
    });
  });
}

/**
 * Reads a question's answer: from rollups as far as they go, from raw points behind that. A bucket begins at a
 * whole multiple of `everyMs` since the epoch.
 */
export async function queryInflux(
  client: InfluxClient,
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
  const found = new Map<string, Point[]>();
  for (const part of parts) {
    if (part.fromMs >= part.toMs) continue;
    append(found, query.metrics, await collect(client.query(statementOf(query, part))));
  }
  return seriesOf(query, found);
}

function latestOf(series: InfluxSeries): LatestValues[] {
  const [newest] = series.values;
  if (newest === undefined) return [];
  const values: Record<string, number> = {};
  for (const row of series.values) {
    for (const [index, column] of series.columns.entries()) {
      const value = row[index];
      if (index > 0 && typeof value === 'number') values[column] ??= value;
    }
  }
  const { device_id: deviceId = '', component = '' } = series.tags ?? {};
  return [{ deviceId, component, observedAtMs: Number(newest[0]), values }];
}

/** The newest points of each device and component within a day, as one. */
export async function latestInflux(
  client: InfluxClient,
  kind: DeviceKind,
  { deviceIds, nowMs }: { deviceIds: readonly string[]; nowMs: number },
): Promise<LatestValues[]> {
  const fields = METRICS[kind].map((metric) => name(metric.name)).join(', ');
  const found: LatestValues[] = [];
  for (let first = 0; first < deviceIds.length; first += LATEST_DEVICES) {
    const some = deviceIds.slice(first, first + LATEST_DEVICES);
    const rows = client.query(`select ${fields} from ${name(kind)}
      where ${ofDevices(some)} and time > ${nowMs - DAY_MS}ms
      group by "device_id", "component" order by time desc limit ${LATEST_POINTS}`);
    for await (const series of rows) found.push(...latestOf(series));
  }
  const order = new Map(deviceIds.map((id, index) => [id, index]));
  const place = ({ deviceId }: LatestValues) => order.get(deviceId) ?? 0;
  return found.sort((one, other) => place(one) - place(other) || (one.component < other.component ? -1 : 1));
}
