import type { Generated, Selectable } from 'kysely';
import type { CustomerKind } from '#contracts/customers.ts';
import type { Timestamp } from '#platform/db/db.ts';

export type CustomerTables = {
  customer: {
    id: string;
    number: Generated<string>;
    kind: CustomerKind;
    name: string;
    phone: string | null;
    email: string | null;
    tier: Generated<string>;
    version: Generated<number>;
    created_at: Timestamp;
  };
  contact: {
    id: string;
    customer_id: string;
    name: string;
    phone: string | null;
    email: string | null;
    role: string | null;
  };
  site: {
    id: string;
    number: Generated<string>;
    customer_id: string;
    name: string;
    address: string;
    zone: string | null;
    time_zone: string;
    latitude: number | null;
    longitude: number | null;
    version: Generated<number>;
    created_at: Timestamp;
  };
};

export type CustomerRow = Selectable<CustomerTables['customer']>;
export type ContactRow = Selectable<CustomerTables['contact']>;
export type SiteRow = Selectable<CustomerTables['site']>;
