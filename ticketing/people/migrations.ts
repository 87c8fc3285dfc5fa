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

const certificates = sqlMigration((db) =>
  sql`
    create sequence certificate_number;
    create table certificate (
      id uuid primary key,
      number text not null unique default record_number('CE', nextval('certificate_number')),
      technician_id uuid references technician (id),
      centre_id uuid references centre (id),
      skill text not null,
      basis text not null check (basis in ('examined', 'attested')),
      document_number text,
      issuer text not null,
      status text not null check (status in ('prepared', 'issued', 'revoked')),
      prepared_by text not null,
      prepared_at timestamptz not null,
      signed_by text,
      issued_at timestamptz,
      valid_until timestamptz,
      revoked_at timestamptz,
      revoked_because text,
      check ((technician_id is null) <> (centre_id is null)),
      check (status <> 'issued' or signed_by is not null),
      check (basis = 'attested' or signed_by is null or signed_by <> prepared_by)
    );
    create index certificate_skill on certificate (skill, technician_id);
    create index certificate_technician on certificate (technician_id);
    create index certificate_centre on certificate (centre_id, skill);
    insert into certificate
      (id, technician_id, skill, basis, issuer, status, prepared_by, prepared_at, signed_by, issued_at, valid_until)
    select gen_random_uuid(), technician_id, skill, 'attested', 'technician register', 'issued',
      'system:migration', created_at, 'system:migration', created_at, valid_until
    from technician_skill join technician on technician.id = technician_id;
    drop table technician_skill;

    alter table technician
      add column centre_id uuid references centre (id),
      add column time_zone text,
      add column shifts jsonb,
      add column shift_exceptions jsonb not null default '[]',
      add column is_on_call boolean not null default false;
    create index technician_of_centre on technician (centre_id);`.execute(db),
);

export const PEOPLE_MIGRATIONS: Migrations = {
  '20261121_30_register_3_people': register,
  '20261122_52_people_certificates': certificates,
};
