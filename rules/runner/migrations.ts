import { sql } from 'kysely';
import { type Migrations, sqlMigration } from '#platform/db/migrate.ts';

/** A snapshot is compressed by us: PostgreSQL need not try. */
export const snapshotMigrations: Migrations = {
  '20261121_24_rule_snapshot': sqlMigration((db) =>
    sql`
      create table rule_snapshot (
        node_id text primary key,
        sequence bigint not null,
        bytes bytea not null,
        saved_at timestamptz not null
      );
      alter table rule_snapshot alter column bytes set storage external;`.execute(db),
  ),
};
