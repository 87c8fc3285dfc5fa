import { sql } from 'kysely';
import { type Migrations, sqlMigration } from '#platform/db/migrate.ts';

const register = sqlMigration(async (db) => {
  await sql`
    create function record_number(prefix text, value bigint) returns text language sql immutable as $$
      select prefix || '-' || lpad(value::text, greatest(6, length(value::text)), '0')
    $$`.execute(db);
  await sql`
    create function phone_key(phone text) returns text language sql immutable as $$
      select right(regexp_replace(phone, '[^0-9]', '', 'g'), 11)
    $$`.execute(db);
  await sql`
    create sequence customer_number;
    create table customer (
      id uuid primary key,
      number text not null unique default record_number('CU', nextval('customer_number')),
      kind text not null check (kind in ('individual', 'corporate')),
      name text not null,
      phone text,
      email text,
      tier text not null default 'standard',
      version integer not null default 1,
      created_at timestamptz not null
    );
    create index customer_phone on customer (phone_key(phone)) where phone is not null;

    create table contact (
      id uuid primary key,
      customer_id uuid not null references customer (id),
      name text not null,
      phone text,
      email text,
      role text
    );
    create index contact_customer on contact (customer_id);
    create index contact_phone on contact (phone_key(phone)) where phone is not null;

    create sequence site_number;
    create table site (
      id uuid primary key,
      number text not null unique default record_number('SI', nextval('site_number')),
      customer_id uuid not null references customer (id),
      name text not null,
      address text not null,
      zone text,
      time_zone text not null,
      latitude double precision,
      longitude double precision,
      version integer not null default 1,
      created_at timestamptz not null
    );
    create index site_customer on site (customer_id);`.execute(db);
});

/** Runs before `units`, whose tables refer to these. */
export const CUSTOMER_MIGRATIONS: Migrations = { '20261121_30_register_1_customers': register };
