import { sql } from 'kysely';
import type { NewSite, Site, SiteChange } from '#contracts/customers.ts';
import { isTimeZone } from '#contracts/time.ts';
import { changedFields, newFields } from '#platform/audit/changed-fields.ts';
import type { Actor } from '#platform/auth/actor.ts';
import type { Db, Tx } from '#platform/db/db.ts';
import { invalidField, notFound } from '#platform/errors.ts';
import { decodeRecordCursor, type PageOf, type PageQueryOf, pageOf } from '#platform/http/page.ts';
import { newId } from '#platform/ids.ts';
import type { RegisterDeps } from './customer-store.ts';
import { findCustomer, toSite } from './records.ts';
import type { CustomerTables } from './tables.ts';

const PERSONAL = ['name', 'address', 'latitude', 'longitude'];

export interface SiteQuery extends PageQueryOf {
  readonly customerId?: string;
  readonly q?: string;
}

/** Sites, the newest first. `q` is part of a name or address, or a whole number. */
export async function listSites(db: Db, query: SiteQuery): Promise<PageOf<Site>> {
  const { limit = 50, customerId, q } = query;
  const after = decodeRecordCursor(query.cursor);
  let select = db.withTables<CustomerTables>().selectFrom('site').selectAll();
  if (after !== undefined) select = select.where('id', '<', after);
  if (customerId !== undefined) select = select.where('customer_id', '=', customerId);
  if (q !== undefined) {
    select = select.where(
      sql<boolean>`(strpos(lower(name), lower(${q})) > 0 or strpos(lower(address), lower(${q})) > 0
        or number = upper(${q}))`,
    );
  }
  const rows = await select
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute();
  return pageOf(rows, limit, toSite);
}

export interface NewSiteEntry {
  readonly actor: Actor;
  readonly site: NewSite;
  /** Of a site that does not say its own. */
  readonly defaultTimeZone: string;
}

export async function addSite(
  { audit, clock }: RegisterDeps,
  tx: Tx,
  { actor, site, defaultTimeZone }: NewSiteEntry,
): Promise<Site> {
  if ((await findCustomer(tx, site.customerId)) === undefined) {
    throw invalidField('CUSTOMERS_CUSTOMER_UNKNOWN', 'customerId', `no customer ${site.customerId}`);
  }
  const timeZone = site.timeZone ?? defaultTimeZone;
  requireTimeZone(timeZone);
  const row = await tx
    .withTables<CustomerTables>()
    .insertInto('site')
    .values({
      id: newId(),
      customer_id: site.customerId,
      name: site.name,
      address: site.address,
      zone: site.zone ?? null,
      time_zone: timeZone,
      latitude: site.latitude ?? null,
      longitude: site.longitude ?? null,
      created_at: new Date(clock.nowMs()),
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  await audit.record(tx, {
    actor,
    action: 'site.created',
    entity: 'site',
    entityId: row.id,
    fields: newFields({ ...site, timeZone }),
    personal: PERSONAL,
  });
  return toSite(row);
}

/** Holds the site until the transaction ends; 404 when there is none. */
export async function lockSite(tx: Tx, id: string): Promise<Site> {
  const row = await tx
    .withTables<CustomerTables>()
    .selectFrom('site')
    .selectAll()
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) throw notFound('site', id);
  return toSite(row);
}

export async function changeSite(
  { audit }: RegisterDeps,
  tx: Tx,
  edit: { readonly actor: Actor; readonly current: Site; readonly change: SiteChange },
): Promise<Site> {
  const { actor, current, change } = edit;
  const fields = changedFields(current, change);
  if (Object.keys(fields).length === 0) return current;
  const { timeZone, ...columns } = change;
  if (timeZone !== undefined) requireTimeZone(timeZone);
  const row = await tx
    .withTables<CustomerTables>()
    .updateTable('site')
    .set({ ...columns, ...(timeZone !== undefined && { time_zone: timeZone }), version: current.version + 1 })
    .where('id', '=', current.id)
    .returningAll()
    .executeTakeFirstOrThrow();
  await audit.record(tx, {
    actor,
    action: 'site.changed',
    entity: 'site',
    entityId: current.id,
    fields,
    personal: PERSONAL,
  });
  return toSite(row);
}

function requireTimeZone(timeZone: string): void {
  if (isTimeZone(timeZone)) return;
  throw invalidField('CUSTOMERS_TIME_ZONE_UNKNOWN', 'timeZone', `${timeZone} is no IANA time zone`);
}
