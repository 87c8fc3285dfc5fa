import type { DeviceChange, DeviceCredentials, NewDevice } from '#contracts/devices.ts';
import type { DeviceKind } from '#contracts/metrics.ts';
import type { Audit } from '#platform/audit/audit.ts';
import type { Actor } from '#platform/auth/actor.ts';
import { generateSecret, type SecretHasher } from '#platform/auth/secrets.ts';
import type { Clock } from '#platform/clock.ts';
import { type Db, sqlState, type Tx, UNIQUE_VIOLATION } from '#platform/db/db.ts';
import { AftercareError, notFound } from '#platform/errors.ts';
import type { Outbox } from '#platform/outbox/outbox.ts';
import { requireKnownModel } from './device-kind.ts';
import type { DeviceRegistry } from './registry.ts';
import type { DeviceTables } from './tables.ts';
import type { UnitDirectory } from './unit-directory.ts';

export interface DeviceDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly audit: Audit;
  readonly outbox: Outbox;
  readonly secrets: SecretHasher;
  readonly units: UnitDirectory;
  readonly registry: DeviceRegistry;
  readonly deviceUrls: DeviceUrls;
}

/** Where devices of a wire that is told its address connect to. */
export interface DeviceUrls {
  ocpp(deviceId: string): string;
}

interface Step {
  readonly tx: Tx;
  readonly actor: Actor;
}

/**
 * Registers one device in the caller's transaction: the unit is bound, the event published, the row audited.
 * 409 DEVICE_EXISTS; 422 names the field.
 */
export async function registerDevice(
  deps: DeviceDeps,
  { tx, actor }: Step,
  device: NewDevice,
): Promise<DeviceCredentials> {
  const kind = requireKnownModel(device.kind, device.model);
  const tables = tx.withTables<DeviceTables>();
  const existing = await tables
    .selectFrom('device')
    .select('id')
    .where('id', '=', device.id)
    .executeTakeFirst();
  if (existing !== undefined) throw deviceExists(device.id);
  const atMs = deps.clock.nowMs();
  const siteId = device.siteId ?? null;
  const { unitId } = await deps.units.bindDevice(tx, {
    deviceId: device.id,
    kind,
    model: device.model,
    serial: device.serial ?? null,
    siteId,
    unitId: device.unitId ?? null,
    atMs,
  });
  const password = generateSecret();
  await tables
    .insertInto('device')
    .values({
      id: device.id,
      kind,
      model: device.model,
      unit_id: unitId,
      site_id: siteId,
      labels: JSON.stringify(device.labels ?? {}),
      mqtt_username: device.id,
      secret_hash: deps.secrets.hash(password),
      created_at: new Date(atMs),
    })
    .execute()
    .catch((error: unknown) => {
      if (sqlState(error) === UNIQUE_VIOLATION) throw deviceExists(device.id);
      throw error;
    });
  await tables.deleteFrom('pending_device').where('identity', '=', device.id).execute();
  await deps.outbox.publish(tx, [{ type: 'device.registered', data: { deviceId: device.id, unitId } }]);
  await deps.audit.record(tx, {
    actor,
    action: 'device.registered',
    entity: 'device',
    entityId: device.id,
    fields: {
      kind: { to: kind },
      model: { to: device.model },
      unitId: { to: unitId },
      siteId: { to: siteId },
    },
  });
  return credentialsOf(deps, { id: device.id, kind, unitId }, password);
}

/** What a device signs in with depends on the wire that its kind speaks; over both its name is its id. */
function credentialsOf(
  { deviceUrls }: DeviceDeps,
  { id, kind, unitId }: { readonly id: string; readonly kind: DeviceKind; readonly unitId: string },
  password: string,
): DeviceCredentials {
  return kind === 'charging_pile'
    ? { id, unitId, ocpp: { url: deviceUrls.ocpp(id), password } }
    : { id, unitId, mqtt: { username: id, password } };
}

function deviceExists(id: string): AftercareError {
  return new AftercareError('DEVICE_EXISTS', `device ${id} is registered already`, { kind: 'conflict' });
}

/** Runs a change of devices in a transaction, then makes it known to this node before it answers. */
export async function commitDevices<T>(
  deps: DeviceDeps,
  deviceIds: readonly string[],
  change: (tx: Tx) => Promise<T>,
): Promise<T> {
  const result = await deps.db.transaction().execute(change);
  deps.outbox.wake();
  await deps.registry.refresh(deviceIds);
  return result;
}

/** The device's row, locked until the transaction ends; 404 without it. */
export async function lockDevice(tx: Tx, id: string) {
  const row = await tx
    .withTables<DeviceTables>()
    .selectFrom('device')
    .selectAll()
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) throw notFound('device', id);
  return row;
}

type DeviceRow = Awaited<ReturnType<typeof lockDevice>>;

export async function changeDevice(
  deps: DeviceDeps,
  { tx, actor }: Step,
  { row, change }: { readonly row: DeviceRow; readonly change: DeviceChange },
): Promise<void> {
  await tx
    .withTables<DeviceTables>()
    .updateTable('device')
    .set({
      ...(change.labels !== undefined && { labels: JSON.stringify(change.labels) }),
      ...(change.siteId !== undefined && { site_id: change.siteId }),
      ...(change.isEnabled !== undefined && { is_enabled: change.isEnabled }),
      version: row.version + 1,
    })
    .where('id', '=', row.id)
    .execute();
  const before = { labels: row.labels, siteId: row.site_id, isEnabled: row.is_enabled };
  const fields = Object.fromEntries(
    (['labels', 'siteId', 'isEnabled'] as const)
      .filter((name) => change[name] !== undefined)
      .map((name) => [name, { from: before[name], to: change[name] }]),
  );
  await publishChange(deps, tx, row);
  await deps.audit.record(tx, {
    actor,
    action: 'device.changed',
    entity: 'device',
    entityId: row.id,
    fields,
  });
}

/** New credentials for the device; the old ones stop at the commit. */
export async function rotateCredentials(
  deps: DeviceDeps,
  { tx, actor }: Step,
  row: DeviceRow,
): Promise<DeviceCredentials> {
  const password = generateSecret();
  await tx
    .withTables<DeviceTables>()
    .updateTable('device')
    .set({ secret_hash: deps.secrets.hash(password), version: row.version + 1 })
    .where('id', '=', row.id)
    .execute();
  await publishChange(deps, tx, row);
  await deps.audit.record(tx, {
    actor,
    action: 'device.credentials_rotated',
    entity: 'device',
    entityId: row.id,
  });
  return credentialsOf(deps, { id: row.id, kind: row.kind, unitId: row.unit_id }, password);
}

/** Takes the identity away; the unit and its history stay. */
export async function removeDevice(deps: DeviceDeps, { tx, actor }: Step, row: DeviceRow): Promise<void> {
  await tx.withTables<DeviceTables>().deleteFrom('device').where('id', '=', row.id).execute();
  await publishChange(deps, tx, row);
  await deps.audit.record(tx, {
    actor,
    action: 'device.removed',
    entity: 'device',
    entityId: row.id,
    fields: { kind: { from: row.kind }, model: { from: row.model }, unitId: { from: row.unit_id } },
  });
}

function publishChange(deps: DeviceDeps, tx: Tx, row: DeviceRow): Promise<void> {
  return deps.outbox.publish(tx, [
    { type: 'device.changed', data: { deviceId: row.id, unitId: row.unit_id } },
  ]);
}
