import { sql } from 'kysely';
import { type Migrations, sqlMigration } from '#platform/db/migrate.ts';

export const ruleMigrations: Migrations = {
  '20261121_23_rules': sqlMigration((db) =>
    sql`
      create table alarm_rule (
        rule_id text not null,
        version integer not null,
        status text not null,
        definition jsonb not null,
        is_shipped boolean not null,
        created_at timestamptz not null,
        created_by text not null,
        primary key (rule_id, version)
      );
      create unique index alarm_rule_one_active on alarm_rule (rule_id) where status = 'active';`.execute(db),
  ),
};
