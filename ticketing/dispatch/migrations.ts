import { sql } from 'kysely';
import { type Migrations, sqlMigration } from '#platform/db/migrate.ts';

const dispatches = sqlMigration((db) =>
  sql`
    create table dispatch (
      id uuid primary key,
      work_order_id uuid not null references work_order (id),
      technician_id uuid not null references technician (id),
      score numeric,
      score_parts jsonb not null default '[]',
      decided_at timestamptz not null,
      decided_by text not null,
      accepted_at timestamptz,
      declined_at timestamptz,
      reason text
    );
    create index dispatch_order on dispatch (work_order_id, id);
    create index dispatch_technician on dispatch (technician_id, id);`.execute(db),
);

export const DISPATCH_MIGRATIONS: Migrations = { '20261121_40_desk_3_dispatch': dispatches };
