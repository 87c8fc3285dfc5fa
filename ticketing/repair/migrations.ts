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

const remoteRuns = sqlMigration((db) =>
  sql`
    create table repair_run (
      id uuid primary key,
      ticket_id uuid not null references ticket (id),
      unit_id uuid not null references unit (id),
      device_id text not null,
      component text not null,
      fault_family text not null,
      playbook text not null,
      status text not null check (status in ('running', 'cured', 'failed', 'aborted')),
      reason text,
      started_by text not null,
      started_at timestamptz not null,
      ended_at timestamptz,
      waiting_since timestamptz,
      due_at timestamptz not null
    );
    create unique index repair_run_one_a_unit on repair_run (unit_id) where status = 'running';
    create index repair_run_due on repair_run (due_at) where status = 'running';
    create index repair_run_ticket on repair_run (ticket_id);
    create index repair_run_fault on repair_run (unit_id, fault_family, started_at);

    create table repair_attempt (
      run_id uuid not null references repair_run (id),
      step integer not null,
      try integer not null,
      command_id uuid unique,
      command text not null,
      args jsonb not null,
      queued_at timestamptz not null,
      command_status text,
      detail text,
      changed_at timestamptz not null,
      judged_at timestamptz,
      outcome text check (outcome in ('cured', 'not_cured', 'command_failed', 'skipped')),
      primary key (run_id, step, try)
    );

    alter table verification drop constraint verification_pkey;
    alter table verification alter column work_order_id drop not null;
    alter table verification add constraint verification_order unique (work_order_id);
    alter table verification add column run_id uuid unique references repair_run (id);
    alter table verification add column id uuid;
    update verification set id = work_order_id;
    alter table verification add primary key (id);
    alter table verification add constraint verification_of_one
      check (num_nonnulls(work_order_id, run_id) = 1);`.execute(db),
);

export const REPAIR_MIGRATIONS: Migrations = {
  '20261121_40_desk_5_repair': verifications,
  '20261122_40_desk_5_remote_repair': remoteRuns,
};
