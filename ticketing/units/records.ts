import { sql } from 'kysely';
import { isoTime, isoTimeOrNull } from '#contracts/time.ts';
import type { Unit } from '#contracts/units.ts';
import type { Db, Tx } from '#platform/db/db.ts';
import type { UnitRow, UnitTables } from './tables.ts';

type UnitWithDevices = UnitRow & { device_ids: string[] };

/** Units with the devices bound to them now, the earliest bound first. */
export function selectUnits(db: Db | Tx) {
  return db
    .withTables<UnitTables>()
    .selectFrom('unit')
    .selectAll('unit')
    .select(
      sql<string[]>`array(
        select device_id from unit_device
        where unit_id = unit.id and unbound_at is null order by bound_at, id)`.as('device_ids'),
    );
}

export function toUnit(row: UnitWithDevices): Unit {
  return {
    id: row.id,
    number: row.number,
    serial: row.serial,
    kind: row.kind,
    model: row.model,
    siteId: row.site_id,
    customerId: row.customer_id,
    deviceIds: row.device_ids,
    labels: row.labels,
    status: row.status,
    warrantyUntil: isoTimeOrNull(row.warranty_until),
    version: row.version,
    createdAt: isoTime(row.created_at),
  };
}

export async function findUnit(db: Db | Tx, id: string): Promise<Unit | undefined> {
  const row = await selectUnits(db).where('unit.id', '=', id).executeTakeFirst();
  return row === undefined ? undefined : toUnit(row);
}

/** The unit a device speaks for now. */
export async function unitOfDevice(db: Db | Tx, deviceId: string): Promise<Unit | undefined> {
  const row = await selectUnits(db)
    .innerJoin('unit_device', 'unit_device.unit_id', 'unit.id')
    .where('unit_device.device_id', '=', deviceId)
    .where('unit_device.unbound_at', 'is', null)
    .executeTakeFirst();
  return row === undefined ? undefined : toUnit(row);
}

/** The unit with that serial number on its plate. */
export async function unitOfSerial(db: Db | Tx, serial: string): Promise<Unit | undefined> {
  const row = await selectUnits(db).where('unit.serial', '=', serial).executeTakeFirst();
  return row === undefined ? undefined : toUnit(row);
}

/** A customer's units, wherever they stand. */
export async function unitsOfCustomer(db: Db | Tx, customerId: string): Promise<Unit[]> {
  const rows = await selectUnits(db).where('unit.customer_id', '=', customerId).orderBy('unit.id').execute();
  return rows.map(toUnit);
}

/**
 * Holds these units until the transaction ends; whoever matches, merges or reclassifies tickets holds them
 * first. Locks are taken in id order, so two callers with overlapping lists wait and never deadlock.
 */
export async function lockUnits(tx: Tx, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await tx
    .withTables<UnitTables>()
    .selectFrom('unit')
    .select('id')
    .where('id', 'in', [...new Set(ids)])
    .orderBy('id')
    .forUpdate()
    .execute();
}
