import { sql } from 'kysely';
import { type Migrations, sqlMigration } from '#platform/db/migrate.ts';

const register = sqlMigration((db) =>
  sql`
    create sequence technician_number;
    create table technician (
      id uuid primary key,
      number text not null unique default record_number('TE', nextval('technician_number')),
      user_id uuid unique,
      name text not null,
      phone text not null,
      zone text,
      is_active boolean not null default true,
      version integer not null default 1,
      created_at timestamptz not null
    );

    create table technician_skill (
      technician_id uuid not null references technician (id),
      skill text not null,
      valid_until timestamptz,
      primary key (technician_id, skill)
    );
    create index technician_skill_skill on technician_skill (skill);`.execute(db),
);

export const PEOPLE_MIGRATIONS: Migrations = { '20261121_30_register_3_people': register };
