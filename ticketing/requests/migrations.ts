import { sql } from 'kysely';
import { type Migrations, sqlMigration } from '#platform/db/migrate.ts';

const requests = sqlMigration((db) =>
  sql`
    create sequence service_request_number;
    create table service_request (
      id uuid primary key,
      number text not null unique default record_number('SR', nextval('service_request_number')),
      status text not null,
      type text not null,
      channel text not null,
      ticket_id uuid references ticket (id),
      unit_id uuid references unit (id),
      device_id text,
      component text not null,
      fault_code text,
      fault_family text not null,
      serial text,
      model text,
      quantity integer,
      contact_name text,
      contact_phone text,
      customer_name text,
      contract_no text,
      symptom text,
      place text,
      occurred_at timestamptz,
      expected_at timestamptz,
      notes text,
      answer text,
      read_back_at timestamptz,
      read_back_by text,
      identity_verified boolean not null,
      received_at timestamptz not null,
      version integer not null default 1
    );
    create index service_request_ticket on service_request (ticket_id);
    create index service_request_unit on service_request (unit_id, id);
    create index service_request_status on service_request (status, id);`.execute(db),
);

export const REQUEST_MIGRATIONS: Migrations = { '20261121_40_desk_3_requests': requests };
