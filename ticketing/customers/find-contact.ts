import { sql } from 'kysely';
import type { Db, Tx } from '#platform/db/db.ts';
import type { CustomerTables } from './tables.ts';

/** A caller we know by number. `contactId` is null where the number is the customer's own. */
interface KnownCaller {
  readonly customerId: string;
  readonly contactId: string | null;
  readonly name: string;
}

/**
 * Who calls from this number: compared by its last 11 digits, so spaces, dashes and a country code make no
 * difference. Undefined for a number nobody has, for one shorter than 5 digits, and for one that two customers
 * share: the caller is then not identified and must not be shown either customer's data.
 */
export async function findContactByPhone(db: Db | Tx, phone: string): Promise<KnownCaller | undefined> {
  if (phone.replace(/[^0-9]/g, '').length < 5) return undefined;
  const tables = db.withTables<CustomerTables>();
  const isPhone = sql<boolean>`phone is not null and phone_key(phone) = phone_key(${phone})`;
  const callers = await tables
    .selectFrom('contact')
    .select(['customer_id as customerId', sql<string | null>`id`.as('contactId'), 'name'])
    .where(isPhone)
    .unionAll(
      tables
        .selectFrom('customer')
        .select(['id as customerId', sql<string | null>`null::uuid`.as('contactId'), 'name'])
        .where(isPhone),
    )
    .orderBy('contactId', (order) => order.asc().nullsLast())
    .limit(50)
    .execute();
  const customers = new Set(callers.map((caller) => caller.customerId));
  return customers.size === 1 ? callers[0] : undefined;
}
