import { sql } from 'kysely';
import { type Migrations, sqlMigration } from '#platform/db/migrate.ts';

export const ingestMigrations: Migrations = {
  '20261121_21_ingest': sqlMigration(async (db) => {
    await sql`create table log_checkpoint (
      node_id text primary key, sequence bigint not null, saved_at timestamptz not null)`.execute(db);
    await sql`create table device_event (
      node_id text not null, sequence bigint not null, position integer not null,
      device_id text not null, component text not null, type text not null, code text, state text not null,
      detail jsonb, observed_at timestamptz not null, received_at timestamptz not null,
      primary key (node_id, sequence, position))`.execute(db);
    await sql`create index device_event_by_device on device_event (device_id, observed_at desc)`.execute(db);
    await sql`create index device_event_by_age on device_event using brin (received_at)`.execute(db);
    await sql`create table dead_letter (
      id uuid not null, node_id text not null, sequence bigint not null, position integer not null,
      device_id text not null, topic text not null, code text not null, field text not null,
      is_partial boolean not null, payload bytea not null, received_at timestamptz not null,
      primary key (node_id, sequence, position))`.execute(db);
    await sql`create unique index dead_letter_by_id on dead_letter (id)`.execute(db);
    await sql`create index dead_letter_by_device on dead_letter (device_id, id)`.execute(db);
    await sql`create table unknown_metric (
      model text not null, name text not null, messages bigint not null,
      first_seen_at timestamptz not null, last_seen_at timestamptz not null, primary key (model, name))`.execute(
      db,
    );
  }),
  '20261122_21_charging': sqlMigration(async (db) => {
    await sql`create table charging_session (
      id uuid primary key, device_id text not null, component text not null, transaction_id bigint not null,
      started_at timestamptz, stopped_at timestamptz, meter_start_wh double precision, meter_stop_wh double precision,
      stop_reason text, is_unknown boolean not null,
      unique (device_id, transaction_id))`.execute(db);
    await sql`create index charging_session_by_device on charging_session (device_id, component, started_at)`.execute(
      db,
    );
    await sql`create table connector_state (
      device_id text not null, component text not null, status text not null, error_code text,
      at timestamptz not null, primary key (device_id, component))`.execute(db);
    await sql`create table charging_transaction_id (next bigint not null)`.execute(db);
    await sql`insert into charging_transaction_id values (1)`.execute(db);
  }),
};
