import { sql } from 'kysely';
import { type Migrations, sqlMigration } from '#platform/db/migrate.ts';

const tickets = sqlMigration((db) =>
  sql`
    create sequence ticket_number;
    create table ticket (
      id uuid primary key,
      number text not null unique default record_number('TK', nextval('ticket_number')),
      unit_id uuid references unit (id),
      device_id text,
      component text not null,
      status text not null,
      resolution text,
      priority text not null,
      impact text not null,
      urgency text not null,
      category text not null,
      source text not null,
      fault_family text not null,
      fault_code text,
      fault_key text,
      is_emergency boolean not null,
      coverage text not null,
      on_site boolean,
      awaits_read_back boolean not null,
      summary jsonb not null,
      assessed_by text,
      assessed_at timestamptz,
      preliminary_cause jsonb,
      plan jsonb,
      opened_at timestamptz not null,
      acknowledged_at timestamptz,
      resolved_at timestamptz,
      closed_at timestamptz,
      cleared_at timestamptz,
      version integer not null default 1
    );
    create unique index ticket_one_open_a_fault on ticket (fault_key)
      where fault_key is not null and status not in ('closed', 'cancelled', 'merged');
    create index ticket_closed_fault on ticket (fault_key, closed_at) where status = 'closed';
    create index ticket_unit on ticket (unit_id, id);
    create index ticket_device on ticket (device_id, id);
    create index ticket_status on ticket (status, id);
    create index ticket_cleared on ticket (cleared_at)
      where cleared_at is not null and status in ('open', 'assessed');

    create table ticket_report (
      id uuid primary key,
      ticket_id uuid not null references ticket (id),
      kind text not null check (kind in ('alarm', 'request')),
      ref text not null,
      source text not null,
      at timestamptz not null,
      cleared_at timestamptz,
      text jsonb,
      unique (ticket_id, kind, ref)
    );
    create index ticket_report_ref on ticket_report (kind, ref);

    create table ticket_event (
      id uuid primary key,
      ticket_id uuid not null references ticket (id),
      at timestamptz not null,
      action text not null,
      from_status text,
      to_status text,
      actor text not null,
      reason text
    );
    create index ticket_event_ticket on ticket_event (ticket_id, id);`.execute(db),
);

export const TICKET_MIGRATIONS: Migrations = { '20261121_40_desk_1_tickets': tickets };
