import { sql } from 'kysely';
import { type Migrations, sqlMigration } from '#platform/db/migrate.ts';

const verifications = sqlMigration((db) =>
  sql`
    create table verification (
      work_order_id uuid primary key references work_order (id),
      ticket_id uuid not null references ticket (id),
      device_id text not null,
      component text not null,
      fault_family text not null,
      window_from timestamptz not null,
      window_until timestamptz not null,
      state text not null check (state in ('pending', 'verified', 'recurred', 'inconclusive')),
      checked_at timestamptz,
      evidence jsonb not null default '{}'
    );
    create index verification_ticket on verification (ticket_id);
    create index verification_pending on verification (window_until) where state = 'pending';`.execute(db),
);

export const REPAIR_MIGRATIONS: Migrations = { '20261121_40_desk_5_repair': verifications };
