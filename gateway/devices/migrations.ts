import { sql } from 'kysely';
import { type Migrations, sqlMigration } from '#platform/db/migrate.ts';

const devices = sqlMigration(async (db) => {
  await sql`
    create table device (
      id text primary key,
      kind text not null,
      model text not null,
      unit_id uuid not null,
      site_id uuid,
      labels jsonb not null default '{}',
      mqtt_username text not null unique,
      secret_hash bytea not null,
      is_enabled boolean not null default true,
      version integer not null default 1,
      created_at timestamptz not null
    );
    create index device_unit on device (unit_id);
    create table device_session (
      device_id text primary key references device (id) on delete cascade,
      node_id text not null,
      epoch bigint not null,
      is_connected boolean not null,
      connected_at timestamptz,
      disconnected_at timestamptz,
      remote_address text
    );
    create index device_session_node on device_session (node_id) where is_connected;
    create table pending_device (
      identity text primary key,
      protocol text not null,
      first_seen_at timestamptz not null,
      last_seen_at timestamptz not null,
      attempts integer not null,
      remote_address text
    );
    create index pending_device_last_seen on pending_device (last_seen_at);`.execute(db);
});

export const deviceMigrations: Migrations = { '20261121_10_devices': devices };
