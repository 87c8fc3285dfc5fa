import { sql } from 'kysely';
import { type Migrations, sqlMigration } from '../db/migrate.ts';

export const outboxMigrations: Migrations = {
  '20261121_01_outbox': sqlMigration(async (db) => {
    await sql`create sequence outbox_position`.execute(db);
    await sql`create table outbox_event (
      id uuid primary key,
      seq bigint generated always as identity unique,
      position bigint unique,
      type text not null,
      data jsonb not null,
      at timestamptz not null
    )`.execute(db);
    await sql`create index outbox_event_unplaced on outbox_event (seq) where position is null`.execute(db);
    await sql`create index outbox_event_at on outbox_event (at)`.execute(db);
    await sql`create table outbox_delivery (
      consumer text not null,
      event_seq bigint not null,
      attempts int not null default 0,
      next_attempt_at timestamptz,
      primary key (consumer, event_seq)
    ) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05)`.execute(db);
    await sql`create table outbox_failed (
      consumer text not null,
      event_id uuid not null,
      type text not null,
      data jsonb not null,
      at timestamptz not null,
      error text not null,
      attempts int not null,
      failed_at timestamptz not null default now(),
      primary key (consumer, event_id)
    )`.execute(db);
  }),
};
