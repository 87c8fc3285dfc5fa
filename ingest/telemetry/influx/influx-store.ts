import { DEVICE_KINDS, type DeviceKind } from '#contracts/metrics.ts';
import type { PointBatch } from '#contracts/point-batch.ts';
import type { Clock } from '#platform/clock.ts';
import type { Db } from '#platform/db/db.ts';
import { AftercareError } from '#platform/errors.ts';
import type { Logger } from '#platform/log.ts';
import type { Metrics } from '#platform/metrics/metrics.ts';
import type { RefusedPoint, TelemetryStore } from '../telemetry-store.ts';
import { createInfluxClient, type InfluxSettings } from './influx-client.ts';
import { name } from './influxql.ts';
import { isolateRefused, type Place, type Refused, valuesOf } from './isolate-refused.ts';
import { createLineEncoder } from './line-encoder.ts';
import { DAY_MS, MINUTE_MS } from './measurements.ts';
import { latestInflux, queryInflux } from './read.ts';
import type { Refusal, RefusalReason } from './refusal.ts';
import { rollUpKind } from './rollup.ts';
import { createRollupMemory, type RollupMemory } from './rollup-memory.ts';
import { markDirty, readProgress } from './rollup-state.ts';
import { createStoredPoints } from './stored-points.ts';

export interface InfluxStoreConfig extends InfluxSettings {
  /** Raw points are kept this many days, where the server lets us delete; a bucket may have its own retention. */
  readonly rawDays: number;
}

export interface InfluxStoreDeps {
  /** Keeps how far the rollups are and what late points touched. */
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Told of points that the server will never take; they are not written again. */
  readonly onRefused: (points: readonly RefusedPoint[]) => void;
}

/** Minutes are rolled up this long after they end, so that points on their way still count. */
const SETTLE_MS = 5_000;

const NOT_FINITE: Refusal = {
  reason: 'not_finite',
  message: 'no value is a finite number',
  dropped: null,
  field: null,
};

function placesOf(batches: readonly PointBatch[]): Place[] {
  return batches.flatMap((batch) => Array.from({ length: batch.count }, (_, point) => ({ batch, point })));
}

function pointOf(refused: Refused): RefusedPoint[] {
  const { batch, point, refusal } = refused;
  const device = batch.device[point];
  if (device === undefined) return [];
  return [
    {
      device,
      component: batch.component[point] ?? '',
      observedAtMs: batch.observedAtMs[point] ?? 0,
      receivedAtMs: batch.receivedAtMs[point] ?? 0,
      values: valuesOf(refused),
      code: `TELEMETRY_REFUSED_${refusal.reason.toUpperCase()}`,
      message: refusal.message,
    },
  ];
}

/**
 * Telemetry in InfluxDB: one measurement a device kind, rollups by minute and hour beside it, InfluxQL to read.
 * Opens while the server is away; writes then reject until it is back. One store a process.
 */
export async function openInfluxStore(
  { db, clock, log, metrics, onRefused }: InfluxStoreDeps,
  config: InfluxStoreConfig,
): Promise<TelemetryStore> {
  const client = createInfluxClient({ log }, config);
  const encoder = createLineEncoder();
  const rolledUntilMs = new Map<DeviceKind, number>();
  const memories = new Map<DeviceKind, RollupMemory>();
  for (const kind of DEVICE_KINDS) {
    const memory = createRollupMemory(kind, clock.nowMs());
    const { minuteUntilMs, hourUntilMs } = await readProgress(db, kind, clock.nowMs());
    memory.close(minuteUntilMs);
    memory.forgetHours(hourUntilMs);
    memories.set(kind, memory);
    rolledUntilMs.set(kind, minuteUntilMs);
  }
  const storedPoints = createStoredPoints(memories);
  const refusedPoints = metrics.counter(
    'aftercare_telemetry_refused_points_total',
    'Points that InfluxDB will never take, by reason; each is a dead letter',
    ['reason'],
  );
  let writing: Promise<void> = Promise.resolve();
  let rolling: Promise<void> | null = null;
  let sweptBeforeMs = 0;

  function tellRefused(refused: readonly Refused[]): void {
    if (refused.length === 0) return;
    const counts = new Map<RefusalReason, number>();
    for (const { refusal } of refused) counts.set(refusal.reason, (counts.get(refusal.reason) ?? 0) + 1);
    for (const [reason, count] of counts) refusedPoints.inc({ reason }, count);
    const { message } = refused[0]?.refusal ?? NOT_FINITE;
    log.error({ points: Object.fromEntries(counts), message }, 'InfluxDB refused points for good');
    onRefused(refused.flatMap(pointOf));
  }

  function tellRollupRefused({ message }: Refusal): void {
    log.error({ message }, 'InfluxDB refused lines of a rollup: charts of that span lack them');
  }

  function sendPlaces(places: readonly Place[]): Promise<Refusal | null> {
    encoder.reset();
    for (const { batch, point } of places) encoder.add(batch, point);
    return client.write(encoder.bytes());
  }

  /** Writes all points; gives those that the server refuses for good. */
  async function writePlaces(batches: readonly PointBatch[]): Promise<Refused[]> {
    const empty: Refused[] = [];
    encoder.reset();
    for (const batch of batches)
      for (let point = 0; point < batch.count; point++)
        if (!encoder.add(batch, point)) empty.push({ batch, point, refusal: NOT_FINITE });
    const lines = encoder.bytes();
    const refusal = lines.length === 0 ? null : await client.write(lines);
    if (refusal === null) return empty;
    const isEmpty = ({ batch, point }: Place) =>
      empty.some((place) => place.batch === batch && place.point === point);
    const places = placesOf(batches).filter((place) => !isEmpty(place));
    return [...empty, ...(await isolateRefused(places, refusal, sendPlaces))];
  }

  async function writeBatches(batches: readonly PointBatch[]): Promise<void> {
    const refused = await writePlaces(batches);
    const late = storedPoints.note(batches, refused);
    for (const kind of late.length === 0 ? [] : DEVICE_KINDS)
      await markDirty(
        db,
        kind,
        late.filter((hour) => hour.kind === kind),
      );
    tellRefused(refused);
  }

  async function rollUpAll(stableUntilMs: number): Promise<void> {
    const untilMs = Math.floor((Math.min(stableUntilMs, clock.nowMs()) - SETTLE_MS) / MINUTE_MS) * MINUTE_MS;
    for (const [kind, memory] of memories) {
      memory.close(untilMs);
      const toMs = memory.closedUntilMs;
      await writing.catch(() => undefined);
      await rollUpKind({ db, client, memory, onRefused: tellRollupRefused }, kind, toMs);
      rolledUntilMs.set(kind, toMs);
    }
  }

  return {
    write(batches) {
      writing = writing.catch(() => undefined).then(() => writeBatches(batches));
      return writing;
    },
    query: (query) => queryInflux(client, query, rolledUntilMs.get(query.kind) ?? 0),
    latest: (kind, deviceIds) => latestInflux(client, kind, { deviceIds, nowMs: clock.nowMs() }),
    rollUp(stableUntilMs) {
      rolling ??= rollUpAll(stableUntilMs).finally(() => {
        rolling = null;
      });
      return rolling;
    },
    async sweep() {
      const beforeMs = Math.floor((clock.nowMs() - config.rawDays * DAY_MS) / DAY_MS) * DAY_MS;
      if (beforeMs <= sweptBeforeMs) return;
      try {
        for (const kind of DEVICE_KINDS)
          await client.run(`delete from ${name(kind)} where time < ${beforeMs}ms`);
      } catch (error) {
        if (!(error instanceof AftercareError && error.code === 'TELEMETRY_QUERY_REFUSED')) throw error;
        log.warn({ err: error }, 'InfluxDB does not let us delete: give the bucket a retention of its own');
      }
      sweptBeforeMs = beforeMs;
    },
    async [Symbol.asyncDispose]() {
      await writing.catch(() => undefined);
      await client[Symbol.asyncDispose]();
    },
  };
}
