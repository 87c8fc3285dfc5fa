import { sql } from 'kysely';
import { type Migrations, sqlMigration } from '#platform/db/migrate.ts';

const clocks = sqlMigration((db) =>
  sql`
    create table sla_clock (
      id uuid primary key,
      kind text not null,
      ticket_id uuid,
      work_order_id uuid,
      started_at timestamptz not null,
      due_at timestamptz not null,
      stopped_at timestamptz,
      fired_at timestamptz,
      amended_at timestamptz,
      withdrawn_at timestamptz,
      met boolean,
      policy jsonb not null,
      check (ticket_id is not null or work_order_id is not null)
    );
    create index sla_clock_ticket on sla_clock (ticket_id);
    create index sla_clock_work_order on sla_clock (work_order_id);
    create index sla_clock_running on sla_clock (due_at)
      where stopped_at is null and fired_at is null and withdrawn_at is null;`.execute(db),
);

export const SLA_MIGRATIONS: Migrations = { '20261121_40_desk_4_sla': clocks };
