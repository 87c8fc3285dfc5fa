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

const rankings = sqlMigration((db) =>
  sql`
    alter table dispatch
      add column centre_id uuid references centre (id),
      add column ranking jsonb,
      add column unanswered_at timestamptz,
      add column withdrawn_at timestamptz;
    create index dispatch_centre on dispatch (centre_id, id) where centre_id is not null;
    create index dispatch_open on dispatch (decided_at)
      where accepted_at is null and declined_at is null and unanswered_at is null and withdrawn_at is null;
    update dispatch set score_parts = (
      select jsonb_agg(part || jsonb_build_object(
        'detail', jsonb_build_object('zh-CN', part->>'detail', 'en', part->>'detail')))
      from jsonb_array_elements(score_parts) as part)
    where jsonb_array_length(score_parts) > 0;`.execute(db),
);

export const DISPATCH_MIGRATIONS: Migrations = {
  '20261121_40_desk_3_dispatch': dispatches,
  '20261122_54_dispatch_rankings': rankings,
};
