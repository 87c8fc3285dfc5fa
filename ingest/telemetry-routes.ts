import { type Static, Type } from 'typebox';
import { DEVICE_KINDS, findMetric, METRICS } from '#contracts/metrics.ts';
import type { DeviceRef } from '#contracts/point-batch.ts';
import { AGGREGATES, TelemetrySeries } from '#contracts/telemetry.ts';
import type { Clock } from '#platform/clock.ts';
import { invalidField, notFound } from '#platform/errors.ts';
import type { HttpInstance } from '#platform/http/routes.ts';
import type { TelemetryStore } from './telemetry/telemetry-store.ts';

export interface TelemetryRouteDeps {
  readonly store: TelemetryStore;
  readonly clock: Clock;
  readonly findDevice: (deviceId: string) => DeviceRef | undefined;
}

const HOUR_MS = 3_600_000;
const MAX_BUCKETS = 20_000;
const MAX_LATEST = 200;
const SPANS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: HOUR_MS, d: 24 * HOUR_MS };

const tags = ['telemetry'];
const instant = (description: string) => Type.String({ maxLength: 40, description });

const Query = Type.Object({
  deviceId: Type.String({ maxLength: 64, description: 'whose' }),
  metrics: Type.Optional(
    Type.String({ maxLength: 2_000, description: 'comma-separated; default: all of the kind' }),
  ),
  component: Type.Optional(
    Type.String({ maxLength: 32, description: 'only this part, e.g. idu-3; empty: the device itself' }),
  ),
  from: Type.Optional(instant('ISO 8601 or epoch ms; default: an hour before to')),
  to: Type.Optional(instant('ISO 8601 or epoch ms, exclusive; default: now')),
  every: Type.Optional(
    Type.String({
      pattern: '^[1-9][0-9]{0,8}(ms|s|m|h|d)$',
      description: 'one value each so long, e.g. 60s, 5m, 1h; without: every point',
    }),
  ),
  agg: Type.Optional(
    Type.Enum(AGGREGATES, { description: 'how `every` makes one value of many; default avg' }),
  ),
});

const Latest = Type.Object({
  items: Type.Array(
    Type.Object({
      deviceId: Type.String(),
      component: Type.String(),
      observedAt: Type.String({ format: 'date-time' }),
      values: Type.Record(Type.String(), Type.Number()),
    }),
  ),
});

function instantOf(field: string, text: string | undefined, fallbackMs: number): number {
  if (text === undefined) return fallbackMs;
  const ms = /^\d{10,16}$/.test(text) ? Number(text) : Date.parse(text);
  if (Number.isNaN(ms))
    throw invalidField('TELEMETRY_TIME_INVALID', field, 'give ISO 8601 or epoch milliseconds');
  return ms;
}

function everyOf(text: string | undefined): number | null {
  const parts = /^(\d+)(ms|s|m|h|d)$/.exec(text ?? '');
  return parts === null ? null : Number(parts[1]) * (SPANS[parts[2] ?? ''] ?? 1);
}

function metricsOf(device: DeviceRef, text: string | undefined): string[] {
  if (text === undefined) return METRICS[device.kind].map((metric) => metric.name);
  const names = [...new Set(text.split(',').filter((name) => name !== ''))];
  const unknown = names.find((name) => findMetric(device.kind, name) === undefined);
  if (unknown === undefined) return names;
  throw invalidField('TELEMETRY_METRIC_UNKNOWN', 'metrics', `${unknown} is not a metric of ${device.kind}`);
}

function questionOf(device: DeviceRef, query: Static<typeof Query>, nowMs: number) {
  const toMs = instantOf('to', query.to, nowMs);
  const fromMs = instantOf('from', query.from, toMs - HOUR_MS);
  const everyMs = everyOf(query.every);
  if (fromMs >= toMs) throw invalidField('TELEMETRY_SPAN_INVALID', 'from', 'must lie before to');
  if (everyMs !== null && (toMs - fromMs) / everyMs > MAX_BUCKETS) {
    throw invalidField('TELEMETRY_SPAN_INVALID', 'every', `gives more than ${MAX_BUCKETS} points: widen it`);
  }
  const { component } = query;
  return {
    deviceId: device.id,
    kind: device.kind,
    metrics: metricsOf(device, query.metrics),
    ...(component !== undefined && { component }),
    fromMs,
    toMs,
    everyMs,
    agg: query.agg ?? 'avg',
  };
}

/** Stored telemetry: series over time, and the newest values of many devices. */
export function telemetryRoutes(app: HttpInstance, { store, clock, findDevice }: TelemetryRouteDeps): void {
  app.get(
    '/telemetry',
    {
      config: { permission: 'telemetry:read' },
      schema: {
        tags,
        summary: "A device's stored telemetry; the last hour unless told",
        querystring: Query,
        response: { 200: Type.Object({ series: Type.Array(TelemetrySeries) }) },
      },
    },
    async ({ query }) => {
      const device = findDevice(query.deviceId);
      if (device === undefined) throw notFound('device', query.deviceId);
      return { series: await store.query(questionOf(device, query, clock.nowMs())) };
    },
  );

  app.get(
    '/telemetry/latest',
    {
      config: { permission: 'telemetry:read' },
      schema: {
        tags,
        summary: 'The newest values of some devices, each component apart; enums as their position',
        querystring: Type.Object({
          deviceIds: Type.String({ maxLength: 13_000, description: 'comma-separated' }),
        }),
        response: { 200: Latest },
      },
    },
    async ({ query }) => {
      const deviceIds = query.deviceIds.split(',').filter((id) => id !== '');
      if (deviceIds.length > MAX_LATEST) {
        throw invalidField('TELEMETRY_TOO_MANY_DEVICES', 'deviceIds', `at most ${MAX_LATEST}`);
      }
      const latest = await Promise.all(
        DEVICE_KINDS.map((kind) =>
          store.latest(
            kind,
            deviceIds.filter((id) => findDevice(id)?.kind === kind),
          ),
        ),
      );
      const items = latest.flat().map(({ observedAtMs, ...rest }) => ({
        ...rest,
        observedAt: new Date(observedAtMs).toISOString(),
      }));
      return { items };
    },
  );
}
