import { sql } from 'kysely';
import { type Migrations, sqlMigration } from '#platform/db/migrate.ts';

const workOrders = sqlMigration((db) =>
  sql`
    create sequence work_order_number;
    create table work_order (
      id uuid primary key,
      number text not null unique default record_number('WO', nextval('work_order_number')),
      ticket_id uuid references ticket (id),
      unit_id uuid references unit (id),
      device_id text,
      component text not null,
      kind text not null,
      status text not null,
      priority text not null,
      is_emergency boolean not null,
      skill text not null,
      title jsonb not null,
      technician_id uuid references technician (id),
      prefer_technician_id uuid references technician (id),
      verification text not null default 'none',
      plan_id uuid,
      plan_reason jsonb,
      due_at timestamptz,
      hold_reason text,
      preliminary_cause jsonb,
      plan jsonb,
      confirmed_cause text,
      symptom_confirmed boolean not null default false,
      eta_at timestamptz,
      appointment jsonb,
      consent jsonb,
      needs_consent boolean not null default false,
      test jsonb,
      signature jsonb,
      callback jsonb,
      steps jsonb not null default '{}',
      last_step_at timestamptz not null,
      submitted_by text,
      decline_count integer not null default 0,
      opened_at timestamptz not null,
      tested_at timestamptz,
      version integer not null default 1
    );
    create index work_order_ticket on work_order (ticket_id);
    create index work_order_unit on work_order (unit_id, id);
    create index work_order_device on work_order (device_id, id);
    create index work_order_technician on work_order (technician_id, status);
    create index work_order_status on work_order (status, id);
    create index work_order_undispatched on work_order (due_at) where status = 'planned';
    create unique index work_order_one_open_a_plan on work_order (plan_id)
      where plan_id is not null and status not in
        ('tested', 'signed', 'submitted', 'reviewed', 'archived', 'cancelled');

    create table work_order_log (
      id uuid primary key,
      work_order_id uuid not null references work_order (id),
      at timestamptz not null,
      occurred_at timestamptz not null,
      actor text not null,
      action text not null,
      text text,
      parts jsonb not null default '[]'
    );
    create index work_order_log_order on work_order_log (work_order_id, id);
    create function refuse_change() returns trigger language plpgsql as $$
      begin raise exception '% is append only', tg_table_name; end $$;
    create trigger work_order_log_append_only before update or delete on work_order_log
      for each row execute function refuse_change();`.execute(db),
);

const centres = sqlMigration((db) =>
  sql`
    alter table work_order
      add column centre_id uuid references centre (id),
      add column assistant_ids uuid[] not null default '{}';
    create index work_order_centre on work_order (centre_id, id) where centre_id is not null;
    create index work_order_assistants on work_order using gin (assistant_ids) where assistant_ids <> '{}';

    create table dispatch_policy (
      id boolean primary key default true check (id),
      incomplete_data text not null default 'warn' check (incomplete_data in ('warn', 'block')),
      answer_within_minutes integer not null default 15 check (answer_within_minutes > 0)
    );
    insert into dispatch_policy default values;`.execute(db),
);

export const WORK_ORDER_MIGRATIONS: Migrations = {
  '20261121_40_desk_2_work_orders': workOrders,
  '20261122_53_work_order_centres': centres,
};
