import { sql } from 'kysely';
import { type Migrations, sqlMigration } from '#platform/db/migrate.ts';

const register = sqlMigration((db) =>
  sql`
    create sequence unit_number;
    create table unit (
      id uuid primary key,
      number text not null unique default record_number('UN', nextval('unit_number')),
      serial text unique,
      kind text not null,
      model text not null,
      site_id uuid references site (id),
      customer_id uuid references customer (id),
      labels jsonb not null default '{}',
      status text not null default 'in_service' check (status in ('in_service', 'suspended', 'retired')),
      warranty_until timestamptz,
      version integer not null default 1,
      created_at timestamptz not null
    );
    create index unit_site on unit (site_id);
    create index unit_customer on unit (customer_id);

    create table unit_device (
      id uuid primary key,
      unit_id uuid not null references unit (id),
      device_id text not null,
      bound_at timestamptz not null,
      unbound_at timestamptz
    );
    create unique index unit_device_current on unit_device (device_id) where unbound_at is null;
    create index unit_device_unit on unit_device (unit_id);`.execute(db),
);

export const UNIT_MIGRATIONS: Migrations = { '20261121_30_register_2_units': register };
