import { sql } from 'kysely';
import { type Migrations, sqlMigration } from '#platform/db/migrate.ts';

const centres = sqlMigration((db) =>
  sql`
    create sequence centre_number;
    create table centre (
      id uuid primary key,
      number text not null unique default record_number('CN', nextval('centre_number')),
      name text not null,
      kind text not null check (kind in ('own', 'outsourced')),
      parent_id uuid references centre (id),
      zones text[] not null,
      time_zone text not null,
      is_active boolean not null default true,
      version integer not null default 1,
      created_at timestamptz not null,
      check (parent_id <> id)
    );`.execute(db),
);

export const CENTRE_MIGRATIONS: Migrations = { '20261122_51_centres': centres };
