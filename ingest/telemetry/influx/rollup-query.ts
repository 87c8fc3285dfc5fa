import { type DeviceKind, METRICS } from '#contracts/metrics.ts';
import type { InfluxClient, InfluxSeries } from './influx-client.ts';
import { name, ofDevices, within } from './influxql.ts';
import { measurementOf, type Resolution } from './measurements.ts';
import { createRollupLines, fieldsOf, type RollupLines, type RollupLinesDeps } from './rollup-lines.ts';

export type Rolled = Exclude<Resolution, 'raw'>;

/** Rows to roll up: of all devices, or of some. */
export interface Source {
  readonly kind: DeviceKind;
  readonly metrics: readonly string[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly deviceIds: readonly string[] | null;
}

/** The server holds a cursor for each series, metric and aggregate of a statement. */
const METRICS_A_QUERY = 4;

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

function rowFields(metrics: readonly string[], row: readonly unknown[]): string {
  const fields: string[] = [];
  for (const [index, metric] of metrics.entries()) {
    const [least, greatest, sum, samples] = row.slice(1 + 4 * index, 5 + 4 * index).map(Number);
    if (least === undefined || greatest === undefined || sum === undefined) continue;
    if (samples !== undefined && samples > 0)
      fields.push(fieldsOf(metric, { least, greatest, sum, samples }));
  }
  return fields.join(',');
}

function addRows(lines: RollupLines, metrics: readonly string[], { tags, values }: InfluxSeries): void {
  const series = { deviceId: tags?.device_id ?? '', component: tags?.component ?? '' };
  for (const row of values) {
    const fields = rowFields(metrics, row);
    if (fields !== '') lines.add(series, fields, Number(row[0]));
  }
}

/** Rolls up what the server has. Costly where devices are many. */
export async function rollByQuery(deps: RollupLinesDeps, source: Source, into: Rolled): Promise<void> {
  const lines = createRollupLines(deps, measurementOf(source.kind, into));
  for (let first = 0; first < source.metrics.length; first += METRICS_A_QUERY) {
    const metrics = source.metrics.slice(first, first + METRICS_A_QUERY);
    for await (const series of deps.client.query(statementOf(source, metrics, into))) {
      addRows(lines, metrics, series);
      if (lines.isFull) await lines.flush();
    }
  }
  await lines.flush();
}

/** Metrics that the kind has ever reported to this server: rollups name no others. */
export async function seenMetrics(client: InfluxClient, kind: DeviceKind): Promise<string[]> {
  const seen = new Set<unknown>();
  for await (const { values } of client.query(`show field keys from ${name(kind)}`))
    for (const [field] of values) seen.add(field);
  return METRICS[kind].map((metric) => metric.name).filter((metric) => seen.has(metric));
}
