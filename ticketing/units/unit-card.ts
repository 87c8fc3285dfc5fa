import type { Contact, Customer, Site } from '#contracts/customers.ts';
import type { Unit } from '#contracts/units.ts';
import type { Db, Tx } from '#platform/db/db.ts';
import { contactsOf, findCustomer, findSite } from '../customers/index.ts';
import { findUnit } from './records.ts';

/** What whoever is sent must have in hand about a unit (requirement D3); null where the register has a gap. */
export interface UnitCard {
  readonly unit: Unit;
  readonly site: Site | null;
  readonly customer: Customer | null;
  /** Whom to call: the customer's first contact with a phone, else the first contact. */
  readonly contact: Contact | null;
}

export async function unitCard(db: Db | Tx, unitId: string): Promise<UnitCard | undefined> {
  const unit = await findUnit(db, unitId);
  if (unit === undefined) return undefined;
  const { siteId, customerId } = unit;
  const contacts = customerId === null ? [] : await contactsOf(db, customerId);
  return {
    unit,
    site: siteId === null ? null : ((await findSite(db, siteId)) ?? null),
    customer: customerId === null ? null : ((await findCustomer(db, customerId)) ?? null),
    contact: contacts[0] ?? null,
  };
}
