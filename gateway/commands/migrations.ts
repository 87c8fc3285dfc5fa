import { sql } from 'kysely';
import { type Migrations, sqlMigration } from '#platform/db/migrate.ts';

/** One command of a device is in hand at a time: by index, whatever the nodes believe. */
export const COMMAND_MIGRATIONS: Migrations = {
  '20261122_30_commands': sqlMigration((db) =>
    sql`
      create table command (
        id uuid primary key,
        seq bigint generated always as identity unique,
        device_id text not null,
        unit_id uuid,
        component text not null,
        name text not null,
        args jsonb not null,
        status text not null,
        detail text,
        result jsonb,
        requested_by text not null,
        ticket_id uuid,
        node_id text,
        queued_at timestamptz not null,
        sent_at timestamptz,
        answered_at timestamptz,
        ended_at timestamptz,
        deadline timestamptz not null
      );
      create index command_by_device on command (device_id, seq desc);
      create index command_by_ticket on command (ticket_id, seq desc) where ticket_id is not null;
      create index command_queue on command (device_id, seq) where status = 'queued';
      create unique index command_in_hand on command (device_id) where status in ('sent', 'accepted');
      create index command_deadline on command (deadline) where status in ('queued', 'sent', 'accepted');
    `.execute(db),
  ),
};
