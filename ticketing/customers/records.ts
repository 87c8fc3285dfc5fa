import type { Contact, Customer, Site } from '#contracts/customers.ts';
import { isoTime } from '#contracts/time.ts';
import type { Db, Tx } from '#platform/db/db.ts';
import type { ContactRow, CustomerRow, CustomerTables, SiteRow } from './tables.ts';

export function toCustomer({ created_at, ...row }: CustomerRow): Customer {
  return { ...row, createdAt: isoTime(created_at) };
}

export function toContact({ customer_id, ...row }: ContactRow): Contact {
  return { ...row, customerId: customer_id };
}

export function toSite({ customer_id, time_zone, created_at, ...row }: SiteRow): Site {
  return { ...row, customerId: customer_id, timeZone: time_zone, createdAt: isoTime(created_at) };
}

export async function findCustomer(db: Db | Tx, id: string): Promise<Customer | undefined> {
  const row = await db
    .withTables<CustomerTables>()
    .selectFrom('customer')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst();
  return row === undefined ? undefined : toCustomer(row);
}

export async function findSite(db: Db | Tx, id: string): Promise<Site | undefined> {
  const row = await db
    .withTables<CustomerTables>()
    .selectFrom('site')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst();
  return row === undefined ? undefined : toSite(row);
}

export async function sitesOf(db: Db | Tx, customerId: string): Promise<Site[]> {
  const rows = await db
    .withTables<CustomerTables>()
    .selectFrom('site')
    .selectAll()
    .where('customer_id', '=', customerId)
    .orderBy('id')
    .execute();
  return rows.map(toSite);
}

/** A customer's contacts, the one to call first leading: it has a phone, and was entered earliest. */
export async function contactsOf(db: Db | Tx, customerId: string): Promise<Contact[]> {
  const rows = await db
    .withTables<CustomerTables>()
    .selectFrom('contact')
    .selectAll()
    .where('customer_id', '=', customerId)
    .orderBy((eb) => eb('phone', 'is', null))
    .orderBy('id')
    .execute();
  return rows.map(toContact);
}
