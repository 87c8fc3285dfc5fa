import type { Audit } from '#platform/audit/audit.ts';
import { sqlState, type Tx, UNIQUE_VIOLATION } from '#platform/db/db.ts';
import { type AftercareError, invalidField } from '#platform/errors.ts';
import { newId } from '#platform/ids.ts';
import { findSite } from '../customers/index.ts';
import type { UnitTables } from './tables.ts';

/** A device that is being registered, and the unit it speaks for; `unitId` null makes a unit for it. */
export interface DeviceBinding {
  readonly deviceId: string;
  readonly kind: string;
  readonly model: string;
  readonly serial: string | null;
  readonly siteId: string | null;
  readonly unitId: string | null;
  readonly atMs: number;
}

const SYSTEM = { type: 'system', name: 'device-registration' } as const;

/**
 * Says which unit a device speaks for from `atMs` on: an earlier binding of the device to another unit ends
 * then, the same binding again changes nothing. Without `unitId` the unit is made; its customer is the site's.
 * 422 names `unitId`, `siteId` or `serial`.
 */
export async function bindDevice(
  deps: { readonly audit: Audit },
  tx: Tx,
  binding: DeviceBinding,
): Promise<{ unitId: string }> {
  const unitId = binding.unitId ?? (await createUnitFor(deps, tx, binding));
  if (binding.unitId !== null) await lockBoundUnit(tx, binding.unitId);
  const tables = tx.withTables<UnitTables>();
  const current = await tables
    .selectFrom('unit_device')
    .select(['id', 'unit_id'])
    .where('device_id', '=', binding.deviceId)
    .where('unbound_at', 'is', null)
    .forUpdate()
    .executeTakeFirst();
  if (current?.unit_id === unitId) return { unitId };
  const at = new Date(binding.atMs);
  if (current !== undefined) {
    await tables.updateTable('unit_device').set({ unbound_at: at }).where('id', '=', current.id).execute();
  }
  await tables
    .insertInto('unit_device')
    .values({ id: newId(), unit_id: unitId, device_id: binding.deviceId, bound_at: at, unbound_at: null })
    .execute();
  await deps.audit.record(tx, {
    actor: SYSTEM,
    action: 'unit.device_bound',
    entity: 'unit',
    entityId: unitId,
    fields: { deviceId: { to: binding.deviceId }, unitId: { from: current?.unit_id ?? null, to: unitId } },
  });
  return { unitId };
}

async function lockBoundUnit(tx: Tx, unitId: string): Promise<void> {
  const row = await tx
    .withTables<UnitTables>()
    .selectFrom('unit')
    .select('id')
    .where('id', '=', unitId)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) throw invalidField('UNITS_UNIT_UNKNOWN', 'unitId', `no unit ${unitId}`);
}

async function createUnitFor(
  { audit }: { readonly audit: Audit },
  tx: Tx,
  { kind, model, serial, siteId, atMs }: DeviceBinding,
): Promise<string> {
  const site = siteId === null ? undefined : await findSite(tx, siteId);
  if (siteId !== null && site === undefined) {
    throw invalidField('UNITS_SITE_UNKNOWN', 'siteId', `no site ${siteId}`);
  }
  const id = newId();
  await tx
    .withTables<UnitTables>()
    .insertInto('unit')
    .values({
      id,
      serial,
      kind,
      model,
      site_id: siteId,
      customer_id: site?.customerId ?? null,
      created_at: new Date(atMs),
    })
    .execute()
    .catch((error: unknown) => {
      throw serialTaken(error, serial) ?? error;
    });
  await audit.record(tx, {
    actor: SYSTEM,
    action: 'unit.created',
    entity: 'unit',
    entityId: id,
    fields: { kind: { to: kind }, model: { to: model }, serial: { to: serial }, siteId: { to: siteId } },
  });
  return id;
}

/** The 422 for a unit insert or update that broke the one-serial-one-unit constraint, else undefined. */
export function serialTaken(error: unknown, serial: string | null | undefined): AftercareError | undefined {
  if (sqlState(error) !== UNIQUE_VIOLATION || serial === null || serial === undefined) return undefined;
  return invalidField('UNITS_SERIAL_TAKEN', 'serial', `${serial} is registered already`);
}
