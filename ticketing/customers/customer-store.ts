import { sql } from 'kysely';
import type {
  Contact,
  Customer,
  CustomerChange,
  CustomerKind,
  NewContact,
  NewCustomer,
} from '#contracts/customers.ts';
import type { Audit } from '#platform/audit/audit.ts';
import { changedFields, newFields } from '#platform/audit/changed-fields.ts';
import type { Actor } from '#platform/auth/actor.ts';
import type { Clock } from '#platform/clock.ts';
import type { Db, Tx } from '#platform/db/db.ts';
import { notFound } from '#platform/errors.ts';
import { decodeRecordCursor, type PageOf, type PageQueryOf, pageOf } from '#platform/http/page.ts';
import { newId } from '#platform/ids.ts';
import { toContact, toCustomer } from './records.ts';
import type { CustomerTables } from './tables.ts';

export interface RegisterDeps {
  readonly audit: Audit;
  readonly clock: Clock;
}

const PERSONAL = ['name', 'phone', 'email'];

export interface CustomerQuery extends PageQueryOf {
  readonly q?: string;
  readonly kind?: CustomerKind;
}

/** Customers, the newest first. `q` is part of a name, or a whole number or telephone number. */
export async function listCustomers(db: Db, query: CustomerQuery): Promise<PageOf<Customer>> {
  const { limit = 50, q, kind } = query;
  const after = decodeRecordCursor(query.cursor);
  let select = db.withTables<CustomerTables>().selectFrom('customer').selectAll();
  if (after !== undefined) select = select.where('id', '<', after);
  if (kind !== undefined) select = select.where('kind', '=', kind);
  if (q !== undefined) {
    select = select.where(
      sql<boolean>`(strpos(lower(name), lower(${q})) > 0 or number = upper(${q})
        or (phone is not null and phone_key(${q}) <> '' and phone_key(phone) = phone_key(${q})))`,
    );
  }
  const rows = await select
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute();
  return pageOf(rows, limit, toCustomer);
}

export async function addCustomer(
  { audit, clock }: RegisterDeps,
  tx: Tx,
  { actor, customer }: { readonly actor: Actor; readonly customer: NewCustomer },
): Promise<Customer> {
  const { phone = null, email = null, ...given } = customer;
  const row = await tx
    .withTables<CustomerTables>()
    .insertInto('customer')
    .values({ id: newId(), ...given, phone, email, created_at: new Date(clock.nowMs()) })
    .returningAll()
    .executeTakeFirstOrThrow();
  await audit.record(tx, {
    actor,
    action: 'customer.created',
    entity: 'customer',
    entityId: row.id,
    fields: newFields(customer),
    personal: PERSONAL,
  });
  return toCustomer(row);
}

/** Holds the customer until the transaction ends; 404 when there is none. */
export async function lockCustomer(tx: Tx, id: string): Promise<Customer> {
  const row = await tx
    .withTables<CustomerTables>()
    .selectFrom('customer')
    .selectAll()
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) throw notFound('customer', id);
  return toCustomer(row);
}

export async function changeCustomer(
  { audit }: RegisterDeps,
  tx: Tx,
  edit: { readonly actor: Actor; readonly current: Customer; readonly change: CustomerChange },
): Promise<Customer> {
  const { actor, current, change } = edit;
  const fields = changedFields(current, change);
  if (Object.keys(fields).length === 0) return current;
  const row = await tx
    .withTables<CustomerTables>()
    .updateTable('customer')
    .set({ ...change, version: current.version + 1 })
    .where('id', '=', current.id)
    .returningAll()
    .executeTakeFirstOrThrow();
  await audit.record(tx, {
    actor,
    action: 'customer.changed',
    entity: 'customer',
    entityId: current.id,
    fields,
    personal: PERSONAL,
  });
  return toCustomer(row);
}

export async function addContact(
  { audit }: RegisterDeps,
  tx: Tx,
  entry: { readonly actor: Actor; readonly customerId: string; readonly contact: NewContact },
): Promise<Contact> {
  const { actor, customerId, contact } = entry;
  const { name, phone = null, email = null, role = null } = contact;
  const row = await tx
    .withTables<CustomerTables>()
    .insertInto('contact')
    .values({ id: newId(), customer_id: customerId, name, phone, email, role })
    .returningAll()
    .executeTakeFirstOrThrow();
  await audit.record(tx, {
    actor,
    action: 'customer.contact_added',
    entity: 'customer',
    entityId: customerId,
    fields: { contactId: { to: row.id }, ...newFields(contact) },
    personal: PERSONAL,
  });
  return toContact(row);
}
