import { sql } from 'kysely';
import { type Migrations, sqlMigration } from '#platform/db/migrate.ts';

const plans = sqlMigration((db) =>
  sql`
    create table maintenance_template (
      id text primary key,
      kind text not null,
      label jsonb not null,
      component text not null,
      metric text not null,
      limit_value double precision not null,
      direction text not null check (direction in ('rising', 'falling')),
      window_days integer not null check (window_days > 0),
      lead_days integer not null check (lead_days >= 0),
      interval_days integer not null check (interval_days > 0),
      tasks jsonb not null
    );
    insert into maintenance_template values (
      'filter-cleaning', 'ac_unit', '{"zh-CN": "清洗滤网", "en": "Filter cleaning"}',
      '', 'filter_dp', 250, 'rising', 30, 14, 180,
      '[{"zh-CN": "断电并挂牌", "en": "Switch off and tag out"},
        {"zh-CN": "拆下并清洗滤网，破损则更换", "en": "Take out and clean the filter, replace it if damaged"},
        {"zh-CN": "检查盘管与接水盘", "en": "Inspect coil and drain pan"},
        {"zh-CN": "装回后运行并记录压差", "en": "Refit, run, and record the pressure drop"}]'
    );

    create sequence maintenance_plan_number;
    create table maintenance_plan (
      id uuid primary key,
      number text not null unique default record_number('MP', nextval('maintenance_plan_number')),
      unit_id uuid not null references unit (id),
      device_id text,
      template_id text not null references maintenance_template (id),
      component text not null,
      metric text not null,
      limit_value double precision not null,
      direction text not null,
      lead_days integer not null,
      interval_days integer not null,
      last_done_at timestamptz,
      due_at timestamptz not null,
      due_reason jsonb not null,
      prognosis jsonb,
      checks integer not null default 0,
      next_check_at timestamptz not null,
      hold_until timestamptz,
      work_order_id uuid,
      status text not null default 'active' check (status in ('active', 'paused')),
      version integer not null default 1,
      created_at timestamptz not null,
      unique (unit_id, template_id, component)
    );
    create index maintenance_plan_check on maintenance_plan (next_check_at) where status = 'active';
    create unique index maintenance_plan_order on maintenance_plan (work_order_id);
    create index maintenance_plan_device on maintenance_plan (device_id);
    create index maintenance_plan_due on maintenance_plan (due_at);`.execute(db),
);

/** A template's terms can differ by model: its limit, and the components that are watched. */
const connectorPlan = sqlMigration((db) =>
  sql`
    alter table maintenance_template add column models jsonb not null default '{}';
    insert into maintenance_template values (
      'connector-inspection', 'charging_pile', '{"zh-CN": "检查枪头触点", "en": "Connector inspection"}',
      'connector-1', 'connector_rise', 20, 'rising', 30, 14, 365,
      '[{"zh-CN": "断电、挂牌并验电", "en": "Switch off, tag out, prove dead"},
        {"zh-CN": "检查枪头触点与枪线，有烧蚀则更换", "en": "Inspect contacts and cable, replace what is burnt"},
        {"zh-CN": "按力矩紧固接线端子", "en": "Tighten the terminals to their torque"},
        {"zh-CN": "充电十五分钟并记录枪头温度", "en": "Charge for fifteen minutes and record the connector temperature"}]',
      '{"ac-pile-generic": {"limit": 20, "components": ["connector-1"]},
        "dc-pile-generic": {"limit": 1, "components": ["connector-1", "connector-2"]}}'
    );`.execute(db),
);

/** Runs after `units`, whose table it refers to. */
export const MAINTENANCE_MIGRATIONS: Migrations = {
  '20261121_30_register_4_maintenance': plans,
  '20261122_60_connector_plan': connectorPlan,
};
