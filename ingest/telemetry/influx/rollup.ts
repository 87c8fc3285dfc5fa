import { type DeviceKind, METRICS } from '#contracts/metrics.ts';
import type { PointBatch } from '#contracts/point-batch.ts';
import type { Db } from '#platform/db/db.ts';
import type { InfluxClient, InfluxSeries } from './influx-client.ts';
import { escapeTag, name, ofDevices, within } from './influxql.ts';
import { HOUR_MS, MINUTE_MS, measurementOf, type Resolution } from './measurements.ts';
import type { Refusal } from './refusal.ts';
import {
  clearDirty,
  type DirtyHour,
  markDirty,
  type Progress,
  readDirty,
  readProgress,
  saveProgress,
} from './rollup-state.ts';

export interface RollupDeps {
  readonly db: Db;
  readonly client: InfluxClient;
  /** Told when the server does not take rollup lines: they are not written again. */
  readonly onRefused: (refusal: Refusal) => void;
}

/** Device-hours that late points touched are recomputed this many at a time. */
const DIRTY_LIMIT = 500;
/** Devices of one statement. */
const DEVICES_A_QUERY = 50;
/** A first rollup or one after a long pause goes in steps of this many minutes, so that none takes long. */
const STEP_MS = 10 * MINUTE_MS;
/** The server holds a cursor for each series, metric and aggregate of a statement. */
const METRICS_A_QUERY = 4;
const LINES_A_BODY = 5_000;

/** Rows to roll up: of all devices, or of some. */
interface Source {
  readonly kind: DeviceKind;
  readonly metrics: readonly string[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly deviceIds: readonly string[] | null;
}

type Rolled = Exclude<Resolution, 'raw'>;

/** Least, greatest, sum and number of a metric's values, each under its own name. */
function aggregates(metric: string, into: Rolled): string {
  const parts: readonly (readonly [call: string, suffix: string])[] =
    into === 'minute'
      ? [
          ['min', ''],
          ['max', ''],
          ['sum', ''],
          ['count', ''],
        ]
      : [
          ['min', '_min'],
          ['max', '_max'],
          ['sum', '_sum'],
          ['sum', '_samples'],
        ];
  return parts.map(([call, suffix]) => `${call}(${name(metric + suffix)})`).join(', ');
}

function statementOf(source: Source, metrics: readonly string[], into: Rolled): string {
  const { kind, fromMs, toMs, deviceIds } = source;
  const ofSome = deviceIds === null ? '' : `${ofDevices(deviceIds)} and `;
  const span = into === 'minute' ? '1m' : '1h';
  return `select ${metrics.map((metric) => aggregates(metric, into)).join(', ')}
    from ${name(measurementOf(kind, into === 'minute' ? 'raw' : 'minute'))}
    where ${ofSome}${within(fromMs, toMs)} group by time(${span}), "device_id", "component" fill(none)`;
}

function fieldsOf(metrics: readonly string[], row: readonly unknown[]): string {
  const fields: string[] = [];
  for (const [index, metric] of metrics.entries()) {
    const [least, greatest, sum, samples] = row.slice(1 + 4 * index, 5 + 4 * index);
    if (typeof sum !== 'number' || typeof samples !== 'number' || samples === 0) continue;
    fields.push(
      `${metric}=${sum / samples},${metric}_min=${least},${metric}_max=${greatest},${metric}_sum=${sum},${metric}_samples=${samples}`,
    );
  }
  return fields.join(',');
}

function linesOf(measurement: string, metrics: readonly string[], { tags, values }: InfluxSeries): string[] {
  const part = tags?.component ? `,component=${escapeTag(tags.component)}` : '';
  const prefix = `${measurement}${part},device_id=${escapeTag(tags?.device_id ?? '')}`;
  const lines: string[] = [];
  for (const row of values) {
    const fields = fieldsOf(metrics, row);
    if (fields !== '') lines.push(`${prefix} ${fields} ${row[0]}`);
  }
  return lines;
}

async function roll(deps: RollupDeps, source: Source, into: Rolled): Promise<void> {
  const { client, onRefused } = deps;
  const measurement = measurementOf(source.kind, into);
  let lines: string[] = [];
  async function flush(): Promise<void> {
    if (lines.length === 0) return;
    const refusal = await client.write(Buffer.from(`${lines.join('\n')}\n`));
    if (refusal !== null) onRefused(refusal);
    lines = [];
  }
  for (let first = 0; first < source.metrics.length; first += METRICS_A_QUERY) {
    const metrics = source.metrics.slice(first, first + METRICS_A_QUERY);
    for await (const series of client.query(statementOf(source, metrics, into))) {
      lines.push(...linesOf(measurement, metrics, series));
      if (lines.length >= LINES_A_BODY) await flush();
    }
  }
  await flush();
}

/** Metrics that the kind has ever reported to this server: rollups name no others. */
async function seenMetrics(client: InfluxClient, kind: DeviceKind): Promise<string[]> {
  const seen = new Set<unknown>();
  for await (const { values } of client.query(`show field keys from ${name(kind)}`))
    for (const [field] of values) seen.add(field);
  return METRICS[kind].map((metric) => metric.name).filter((metric) => seen.has(metric));
}

interface Kind {
  readonly kind: DeviceKind;
  readonly metrics: readonly string[];
}

/** Minutes up to `untilMs`, then the hours that they complete. A step that fails half-way is done again. */
async function rollStep(
  deps: RollupDeps,
  { kind, metrics }: Kind,
  step: { from: Progress; untilMs: number },
): Promise<Progress> {
  const { from, untilMs } = step;
  const hourUntilMs = Math.max(from.hourUntilMs, Math.floor(untilMs / HOUR_MS) * HOUR_MS);
  const all = { kind, metrics, deviceIds: null };
  await roll(deps, { ...all, fromMs: from.minuteUntilMs, toMs: untilMs }, 'minute');
  if (hourUntilMs > from.hourUntilMs)
    await roll(deps, { ...all, fromMs: from.hourUntilMs, toMs: hourUntilMs }, 'hour');
  const progress = { minuteUntilMs: untilMs, hourUntilMs };
  await saveProgress(deps.db, kind, progress);
  return progress;
}

/** Recomputes device-hours that late points touched; gives how many. */
async function rollDirty(deps: RollupDeps, { kind, metrics }: Kind, hourUntilMs: number): Promise<number> {
  const dirty = await readDirty(deps.db, kind, DIRTY_LIMIT);
  const byHour = new Map<number, DirtyHour[]>();
  for (const hour of dirty) byHour.set(hour.hourMs, [...(byHour.get(hour.hourMs) ?? []), hour]);
  for (const [fromMs, hours] of byHour) {
    for (let first = 0; first < hours.length; first += DEVICES_A_QUERY) {
      const deviceIds = hours.slice(first, first + DEVICES_A_QUERY).map((hour) => hour.deviceId);
      const source = { kind, metrics, deviceIds, fromMs, toMs: fromMs + HOUR_MS };
      await roll(deps, source, 'minute');
      if (fromMs < hourUntilMs) await roll(deps, source, 'hour');
    }
  }
  if (dirty.length > 0) await clearDirty(deps.db, kind, dirty);
  return dirty.length;
}

/** Brings a kind's rollups up to the instant (a whole minute), then recomputes what late points touched. */
export async function rollUpKind(deps: RollupDeps, kind: DeviceKind, untilMs: number): Promise<void> {
  const metrics = await seenMetrics(deps.client, kind);
  let progress = await readProgress(deps.db, kind, untilMs);
  while (progress.minuteUntilMs < untilMs) {
    const nextMs = Math.min(progress.minuteUntilMs + STEP_MS, untilMs);
    progress = await rollStep(deps, { kind, metrics }, { from: progress, untilMs: nextMs });
  }
  while ((await rollDirty(deps, { kind, metrics }, progress.hourUntilMs)) === DIRTY_LIMIT);
}

type Hours = Map<string, { deviceId: string; hourMs: number }>;

function lateHours(kind: DeviceKind, untilMs: number, batches: readonly PointBatch[]): Hours {
  const hours: Hours = new Map();
  for (const { count, device, observedAtMs } of batches) {
    for (let point = 0; point < count; point++) {
      const ms = observedAtMs[point] ?? 0;
      const ref = device[point];
      if (ms >= untilMs || ref?.kind !== kind) continue;
      const hourMs = Math.floor(ms / HOUR_MS) * HOUR_MS;
      hours.set(`${ref.id} ${hourMs}`, { deviceId: ref.id, hourMs });
    }
  }
  return hours;
}

/** Marks the device-hours of points that lie behind their kind's rollups. */
export async function markLate(
  db: Db,
  batches: readonly PointBatch[],
  untilMs: ReadonlyMap<DeviceKind, number>,
): Promise<void> {
  for (const [kind, ms] of untilMs) {
    const hours = lateHours(kind, ms, batches);
    if (hours.size > 0) await markDirty(db, kind, [...hours.values()]);
  }
}
