import { sql } from 'kysely';
import { DEVICE_KINDS, type DeviceKind, METRICS } from '#contracts/metrics.ts';
import type { Db } from '#platform/db/db.ts';
import { type Migrations, sqlMigration } from '#platform/db/migrate.ts';

export const DAY_MS = 86_400_000;
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;

/** Raw points, and their rollups by minute and by hour. */
export const RESOLUTIONS = {
  raw: { suffix: '', everyMs: 0 },
  minute: { suffix: '_1m', everyMs: MINUTE_MS },
  hour: { suffix: '_1h', everyMs: HOUR_MS },
} as const;
export type Resolution = keyof typeof RESOLUTIONS;

export function tableOf(kind: DeviceKind, resolution: Resolution): string {
  return `telemetry_${kind}${RESOLUTIONS[resolution].suffix}`;
}

const AGGREGATE_SUFFIXES = ['', '_min', '_max'] as const;

function columnsOf(kind: DeviceKind, resolution: Resolution): string[] {
  const suffixes = resolution === 'raw' ? [''] : AGGREGATE_SUFFIXES;
  return METRICS[kind].flatMap((metric) => suffixes.map((suffix) => `"${metric.name}${suffix}"`));
}

/** One wide table a kind and resolution; raw is partitioned by day, so that retention is a dropped table. */
function createTable(kind: DeviceKind, resolution: Resolution): string {
  const columns = columnsOf(kind, resolution).map((column) => `${column} double precision`);
  const samples = resolution === 'raw' ? [] : ['samples integer not null'];
  const key = ['device_id text not null', 'component text not null', 'ts timestamptz not null'];
  const partition = resolution === 'raw' ? ' partition by range (ts)' : '';
  const body = [...key, ...samples, ...columns, 'primary key (device_id, component, ts)'].join(', ');
  return `create table if not exists ${tableOf(kind, resolution)} (${body})${partition}`;
}

const ALL: readonly Resolution[] = ['raw', 'minute', 'hour'];

/** Adds the columns of metrics that came into the vocabulary after the table was made. */
export async function syncColumns(db: Db): Promise<void> {
  for (const kind of DEVICE_KINDS) {
    for (const resolution of ALL) {
      const table = tableOf(kind, resolution);
      const { rows } = await sql<{ name: string }>`
        select column_name as name from information_schema.columns
        where table_schema = 'public' and table_name = ${table}`.execute(db);
      const present = new Set(rows.map((row) => `"${row.name}"`));
      const missing = columnsOf(kind, resolution).filter((column) => !present.has(column));
      if (missing.length === 0) continue;
      const added = missing.map((column) => `add column if not exists ${column} double precision`).join(', ');
      await sql.raw(`alter table ${table} ${added}`).execute(db);
    }
  }
}

export const telemetryMigrations: Migrations = {
  '20261121_20_telemetry': sqlMigration(async (db) => {
    for (const kind of DEVICE_KINDS) {
      for (const resolution of ALL) await sql.raw(createTable(kind, resolution)).execute(db);
      await sql.raw(`create index on ${tableOf(kind, 'minute')} using brin (ts)`).execute(db);
      await sql.raw(`create index on ${tableOf(kind, 'hour')} using brin (ts)`).execute(db);
    }
    await sql`create table telemetry_rollup (
      kind text primary key, minute_until timestamptz not null, hour_until timestamptz not null)`.execute(db);
    await sql`create table telemetry_dirty (
      kind text not null, device_id text not null, hour timestamptz not null,
      primary key (kind, device_id, hour))`.execute(db);
    await sql`create table telemetry_seen_metric (
      kind text not null, metric text not null, primary key (kind, metric))`.execute(db);
  }),
  '20261122_20_telemetry_of_every_kind': sqlMigration(async (db) => {
    for (const kind of DEVICE_KINDS) {
      for (const resolution of ALL) await sql.raw(createTable(kind, resolution)).execute(db);
      for (const resolution of ['minute', 'hour'] as const) {
        const table = tableOf(kind, resolution);
        await sql.raw(`create index if not exists ${table}_ts_idx on ${table} using brin (ts)`).execute(db);
      }
    }
  }),
};

export function partitionOf(kind: DeviceKind, dayStartMs: number): string {
  return `${tableOf(kind, 'raw')}_p${new Date(dayStartMs).toISOString().slice(0, 10).replaceAll('-', '')}`;
}

/** Makes the day's partition where it is missing. */
export async function createPartition(db: Db, kind: DeviceKind, dayStartMs: number): Promise<void> {
  const from = new Date(dayStartMs).toISOString();
  const to = new Date(dayStartMs + DAY_MS).toISOString();
  await sql
    .raw(
      `create table if not exists ${partitionOf(kind, dayStartMs)} partition of ${tableOf(kind, 'raw')}
       for values from ('${from}') to ('${to}')`,
    )
    .execute(db);
}

/** Drops the partitions whose day ended before the instant; gives their names. */
export async function dropPartitionsBefore(db: Db, kind: DeviceKind, beforeMs: number): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = ${tableOf(kind, 'raw')}::regclass`.execute(db);
  const last = partitionOf(kind, Math.floor((beforeMs - DAY_MS) / DAY_MS) * DAY_MS);
  const gone = rows.map((row) => row.name).filter((name) => name <= last);
  for (const name of gone) await sql.raw(`drop table if exists ${name}`).execute(db);
  return gone;
}
