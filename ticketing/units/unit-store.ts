import { sql } from 'kysely';
import { instantMs, isoTime, isoTimeOrNull } from '#contracts/time.ts';
import type { NewUnit, Unit, UnitChange, UnitDetail, UnitStatus } from '#contracts/units.ts';
import type { Audit } from '#platform/audit/audit.ts';
import { changedFields, newFields } from '#platform/audit/changed-fields.ts';
import type { Actor } from '#platform/auth/actor.ts';
import type { Clock } from '#platform/clock.ts';
import type { Db, Tx } from '#platform/db/db.ts';
import { invalidField, notFound } from '#platform/errors.ts';
import { decodeRecordCursor, type PageOf, type PageQueryOf, pageOf } from '#platform/http/page.ts';
import { newId } from '#platform/ids.ts';
import { findCustomer, findSite } from '../customers/index.ts';
import { serialTaken } from './bind-device.ts';
import { findUnit, selectUnits, toUnit } from './records.ts';
import type { UnitTables } from './tables.ts';

export interface UnitStoreDeps {
  readonly audit: Audit;
  readonly clock: Clock;
}

export interface UnitQuery extends PageQueryOf {
  readonly siteId?: string;
  readonly customerId?: string;
  readonly status?: UnitStatus;
  readonly deviceId?: string;
  readonly q?: string;
}

/** Units, the newest first. `q` is a whole number or device id, or the start of a serial or model. */
export async function listUnits(db: Db, query: UnitQuery): Promise<PageOf<Unit>> {
  const { limit = 50, siteId, customerId, status, deviceId, q } = query;
  const after = decodeRecordCursor(query.cursor);
  let select = selectUnits(db);
  if (after !== undefined) select = select.where('unit.id', '<', after);
  if (siteId !== undefined) select = select.where('site_id', '=', siteId);
  if (customerId !== undefined) select = select.where('customer_id', '=', customerId);
  if (status !== undefined) select = select.where('status', '=', status);
  if (deviceId !== undefined) select = select.where(speaksNow(deviceId));
  if (q !== undefined) {
    select = select.where(
      sql<boolean>`(starts_with(lower(serial), lower(${q})) or starts_with(lower(model), lower(${q}))
        or number = upper(${q}) or ${speaksNow(q)})`,
    );
  }
  const rows = await select
    .orderBy('unit.id', 'desc')
    .limit(limit + 1)
    .execute();
  return pageOf(rows, limit, toUnit);
}

const speaksNow = (deviceId: string) => sql<boolean>`exists (
  select from unit_device
  where unit_id = unit.id and device_id = ${deviceId} and unbound_at is null)`;

/** One unit with its site, its customer and every device that ever spoke for it; 404 when there is none. */
export async function unitDetail(db: Db, id: string): Promise<UnitDetail> {
  const unit = await findUnit(db, id);
  if (unit === undefined) throw notFound('unit', id);
  const bindings = await db
    .withTables<UnitTables>()
    .selectFrom('unit_device')
    .select(['device_id', 'bound_at', 'unbound_at'])
    .where('unit_id', '=', id)
    .orderBy('id')
    .execute();
  return {
    ...unit,
    bindings: bindings.map((binding) => ({
      deviceId: binding.device_id,
      boundAt: isoTime(binding.bound_at),
      unboundAt: isoTimeOrNull(binding.unbound_at),
    })),
    site: unit.siteId === null ? null : ((await findSite(db, unit.siteId)) ?? null),
    customer: unit.customerId === null ? null : ((await findCustomer(db, unit.customerId)) ?? null),
  };
}

/** Registers a unit that need never connect. Its customer is the site's unless told. */
export async function addUnit(
  { audit, clock }: UnitStoreDeps,
  tx: Tx,
  { actor, unit }: { readonly actor: Actor; readonly unit: NewUnit },
): Promise<Unit> {
  const place = await placeOf(tx, unit);
  const id = newId();
  await tx
    .withTables<UnitTables>()
    .insertInto('unit')
    .values({
      id,
      serial: unit.serial ?? null,
      kind: unit.kind,
      model: unit.model,
      site_id: place.siteId ?? null,
      customer_id: place.customerId ?? null,
      ...(unit.labels && { labels: JSON.stringify(unit.labels) }),
      warranty_until: unit.warrantyUntil === undefined ? null : new Date(instantMs(unit.warrantyUntil)),
      created_at: new Date(clock.nowMs()),
    })
    .execute()
    .catch((error: unknown) => {
      throw serialTaken(error, unit.serial) ?? error;
    });
  const fields = newFields({ ...unit, ...place });
  await audit.record(tx, { actor, action: 'unit.created', entity: 'unit', entityId: id, fields });
  return foundUnit(tx, id);
}

/** Holds the unit until the transaction ends; 404 when there is none. */
export async function lockUnit(tx: Tx, id: string): Promise<Unit> {
  const row = await selectUnits(tx).where('unit.id', '=', id).forUpdate().executeTakeFirst();
  if (row === undefined) throw notFound('unit', id);
  return toUnit(row);
}

/** Moving a unit to another site gives it that site's customer unless the change names one. */
export async function changeUnit(
  { audit }: UnitStoreDeps,
  tx: Tx,
  edit: { readonly actor: Actor; readonly current: Unit; readonly change: UnitChange },
): Promise<Unit> {
  const { actor, current, change } = edit;
  const warrantyUntil = isoOf(change.warrantyUntil);
  const place = await placeOf(tx, change);
  const fields = changedFields(current, { ...change, ...place, warrantyUntil });
  if (Object.keys(fields).length === 0) return current;
  await tx
    .withTables<UnitTables>()
    .updateTable('unit')
    .set({
      ...(change.model !== undefined && { model: change.model }),
      ...(change.serial !== undefined && { serial: change.serial }),
      ...(place.siteId !== undefined && { site_id: place.siteId }),
      ...(place.customerId !== undefined && { customer_id: place.customerId }),
      ...(change.labels && { labels: JSON.stringify(change.labels) }),
      ...(change.status !== undefined && { status: change.status }),
      ...(warrantyUntil !== undefined && {
        warranty_until: warrantyUntil === null ? null : new Date(warrantyUntil),
      }),
      version: current.version + 1,
    })
    .where('id', '=', current.id)
    .execute()
    .catch((error: unknown) => {
      throw serialTaken(error, change.serial) ?? error;
    });
  await audit.record(tx, { actor, action: 'unit.changed', entity: 'unit', entityId: current.id, fields });
  return foundUnit(tx, current.id);
}

interface Place {
  readonly siteId?: string | null | undefined;
  readonly customerId?: string | null | undefined;
}

/** Where a unit is to stand and whose it is to be; undefined stays as it is. 422 for what we do not know. */
async function placeOf(tx: Tx, { siteId, customerId }: Place): Promise<Place> {
  const site = typeof siteId === 'string' ? await findSite(tx, siteId) : undefined;
  if (typeof siteId === 'string' && site === undefined) {
    throw invalidField('UNITS_SITE_UNKNOWN', 'siteId', `no site ${siteId}`);
  }
  if (customerId === undefined) return { siteId, customerId: site?.customerId };
  if (customerId !== null && (await findCustomer(tx, customerId)) === undefined) {
    throw invalidField('UNITS_CUSTOMER_UNKNOWN', 'customerId', `no customer ${customerId}`);
  }
  return { siteId, customerId };
}

function isoOf(instant: UnitChange['warrantyUntil']): string | null | undefined {
  return instant === undefined || instant === null ? instant : isoTime(instantMs(instant));
}

async function foundUnit(tx: Tx, id: string): Promise<Unit> {
  const unit = await findUnit(tx, id);
  if (unit === undefined) throw notFound('unit', id);
  return unit;
}
