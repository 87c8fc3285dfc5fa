import { sql } from 'kysely';
import { type Migrations, sqlMigration } from '#platform/db/migrate.ts';

export const alarmMigrations: Migrations = {
  '20261121_22_alarms': sqlMigration((db) =>
    sql`
      create table alarm (
        id uuid primary key,
        occurrence text not null unique,
        key text not null,
        rule_id text,
        rule_version integer,
        device_id text not null,
        unit_id uuid not null,
        component text not null,
        severity text not null,
        state text not null,
        fault_family text not null,
        fault_code text,
        title jsonb not null,
        reason jsonb not null,
        action text not null,
        raised_at timestamptz not null,
        returned_at timestamptz,
        acknowledged_at timestamptz,
        acknowledged_by text,
        ended_at timestamptz
      );
      create index alarm_device on alarm (device_id, id);
      create index alarm_unit on alarm (unit_id, id);
      create index alarm_open on alarm (id) where state <> 'normal';
      create index alarm_state on alarm (state, id);`.execute(db),
  ),
};
