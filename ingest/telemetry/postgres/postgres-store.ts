import type pg from 'pg';
import { DEVICE_KINDS, type DeviceKind, METRICS } from '#contracts/metrics.ts';
import type { Clock } from '#platform/clock.ts';
import type { Db } from '#platform/db/db.ts';
import type { TelemetryStore } from '../telemetry-store.ts';
import { groupPoints, type InsertGroup, insertSql, insertValues } from './insert.ts';
import { latestValues, queryTelemetry } from './query.ts';
import { markDirty, noteSeenMetrics, rollUpKind, rollupUntil } from './rollup.ts';
import { createPartition, DAY_MS, dropPartitionsBefore, HOUR_MS, MINUTE_MS, syncColumns } from './schema.ts';

export interface PostgresStoreConfig {
  /** Raw points are kept this many days. */
  readonly rawDays: number;
}

/** Statements prepared by name, at most: fleets have few sets of metrics, a hostile one is not cached. */
const MAX_PREPARED = 200;

/** Minutes are rolled up this long after they end, so that points on their way still count. */
const SETTLE_MS = 5_000;

/**
 * Runs the statements in one transaction; a connection that failed is not used again. One alone is a transaction
 * by itself: each round trip spared counts while the process is busy receiving.
 */
async function runTogether(pool: pg.Pool, statements: readonly pg.QueryConfig[]): Promise<void> {
  if (statements.length === 0) return;
  const isAlone = statements.length === 1;
  const client = await pool.connect();
  let failure: Error | undefined;
  try {
    if (!isAlone) await client.query('begin');
    for (const statement of statements) await client.query(statement);
    if (!isAlone) await client.query('commit');
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error));
    throw error;
  } finally {
    client.release(failure);
  }
}

/**
 * Telemetry in wide PostgreSQL tables, one a device kind, with rollups by minute and hour. One store a process:
 * it keeps in memory how far the rollups are, and marks what is written behind that as dirty.
 */
export async function openPostgresStore(
  { db, pool, clock }: { db: Db; pool: pg.Pool; clock: Clock },
  { rawDays }: PostgresStoreConfig,
): Promise<TelemetryStore> {
  await syncColumns(db);
  const partitions = new Set<string>();
  const prepared = new Map<string, string>();
  const seen = new Set<string>();
  const rolledUntilMs = new Map<DeviceKind, number>();
  for (const kind of DEVICE_KINDS) rolledUntilMs.set(kind, await rollupUntil(db, kind, clock.nowMs()));
  let writing: Promise<void> = Promise.resolve();

  async function ensurePartitions({ kind, times }: InsertGroup): Promise<void> {
    const days = new Set(times.map((ms) => Math.floor(ms / DAY_MS) * DAY_MS));
    for (const day of days) {
      if (partitions.has(`${kind} ${day}`)) continue;
      await createPartition(db, kind, day);
      partitions.add(`${kind} ${day}`);
    }
  }

  async function noteMetrics({ kind, metrics }: InsertGroup): Promise<void> {
    const names = metrics
      .map((index) => METRICS[kind][index]?.name ?? '')
      .filter((name) => !seen.has(`${kind} ${name}`));
    if (names.length === 0) return;
    await noteSeenMetrics(db, kind, names);
    for (const name of names) seen.add(`${kind} ${name}`);
  }

  function dirtyHours({ kind, times, devices }: InsertGroup): { device_id: string; hour: number }[] {
    const untilMs = rolledUntilMs.get(kind) ?? 0;
    const hours = new Map<string, { device_id: string; hour: number }>();
    for (let row = 0; row < times.length; row++) {
      const ms = times[row] ?? 0;
      if (ms >= untilMs) continue;
      const hour = Math.floor(ms / HOUR_MS) * HOUR_MS;
      const id = devices[row] ?? '';
      hours.set(`${id} ${hour}`, { device_id: id, hour });
    }
    return [...hours.values()];
  }

  function statement(group: InsertGroup): { name?: string; text: string } {
    const text = insertSql(group);
    const name = prepared.get(text);
    if (name !== undefined) return { name, text };
    if (prepared.size >= MAX_PREPARED) return { text };
    const added = `telemetry_${prepared.size}`;
    prepared.set(text, added);
    return { name: added, text };
  }

  async function writeGroups(groups: readonly InsertGroup[]): Promise<void> {
    for (const group of groups) {
      await ensurePartitions(group);
      await noteMetrics(group);
    }
    await runTogether(
      pool,
      groups.map((group) => ({ ...statement(group), values: insertValues(group) })),
    );
    for (const group of groups) {
      const hours = dirtyHours(group);
      if (hours.length > 0) await markDirty(db, group.kind, hours);
    }
  }

  return {
    write(batches) {
      writing = writeGroups(groupPoints(batches)).catch((error: unknown) => {
        partitions.clear();
        throw error;
      });
      return writing;
    },
    query: (query) => queryTelemetry(db, query, rolledUntilMs.get(query.kind) ?? 0),
    latest: (kind, deviceIds) => latestValues(db, kind, { deviceIds, nowMs: clock.nowMs() }),
    async rollUp(stableUntilMs) {
      const untilMs =
        Math.floor((Math.min(stableUntilMs, clock.nowMs()) - SETTLE_MS) / MINUTE_MS) * MINUTE_MS;
      for (const kind of DEVICE_KINDS) {
        const fromMs = rolledUntilMs.get(kind) ?? untilMs;
        rolledUntilMs.set(kind, Math.max(fromMs, untilMs));
        await writing.catch(() => undefined);
        await rollUpKind(db, kind, Math.max(fromMs, untilMs));
      }
    },
    async sweep() {
      const beforeMs = clock.nowMs() - rawDays * DAY_MS;
      for (const kind of DEVICE_KINDS) {
        await dropPartitionsBefore(db, kind, beforeMs).finally(() => partitions.clear());
      }
    },
    [Symbol.asyncDispose]: () => writing.catch(() => undefined),
  };
}
