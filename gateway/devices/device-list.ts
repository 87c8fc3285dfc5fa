import type { Device } from '#contracts/devices.ts';
import type { DeviceKind } from '#contracts/metrics.ts';
import { isoTimeOrNull } from '#contracts/time.ts';
import type { Db } from '#platform/db/db.ts';
import { notFound } from '#platform/errors.ts';
import { decodeCursor, type PageOf, pageOf } from '#platform/http/page.ts';
import type { DeviceTables } from './tables.ts';

export interface DeviceFilter {
  readonly kind?: string;
  readonly model?: string;
  readonly isConnected?: boolean;
  readonly q?: string;
  readonly limit?: number;
  readonly cursor?: string;
}

const DEFAULT_LIMIT = 50;

/** One page of devices in the order of their ids; `q` is looked for in ids and labels. */
export async function listDevices(db: Db, filter: DeviceFilter): Promise<PageOf<Device>> {
  const limit = filter.limit ?? DEFAULT_LIMIT;
  let query = selectDevices(db)
    .orderBy('device.id')
    .limit(limit + 1);
  const after = decodeCursor(filter.cursor);
  if (after !== undefined) query = query.where('device.id', '>', after);
  const { kind, model, isConnected, q } = filter;
  if (kind !== undefined) query = query.where('device.kind', '=', kind as DeviceKind);
  if (model !== undefined) query = query.where('device.model', '=', model);
  if (isConnected !== undefined) {
    query = query.where((where) =>
      where(where.fn.coalesce('device_session.is_connected', where.lit(false)), '=', isConnected),
    );
  }
  if (q !== undefined) {
    const pattern = `%${q.replace(/[\\%_]/g, '\\$&')}%`;
    query = query.where((where) =>
      where.or([
        where('device.id', 'ilike', pattern),
        where(where.cast<string>('device.labels', 'text'), 'ilike', pattern),
      ]),
    );
  }
  return pageOf(await query.execute(), limit, deviceOf);
}

/** 404 for an id nobody registered. */
export async function readDevice(db: Db, id: string): Promise<Device> {
  const row = await selectDevices(db).where('device.id', '=', id).executeTakeFirst();
  if (row === undefined) throw notFound('device', id);
  return deviceOf(row);
}

function selectDevices(db: Db) {
  return db
    .withTables<DeviceTables>()
    .selectFrom('device')
    .leftJoin('device_session', 'device_session.device_id', 'device.id')
    .select([
      'device.id',
      'device.kind',
      'device.model',
      'device.unit_id',
      'device.site_id',
      'device.labels',
      'device.is_enabled',
      'device.version',
      'device_session.is_connected',
      'device_session.connected_at',
    ]);
}

type Row = Awaited<ReturnType<ReturnType<typeof selectDevices>['execute']>>[number];

function deviceOf(row: Row): Device {
  return {
    id: row.id,
    kind: row.kind,
    model: row.model,
    unitId: row.unit_id,
    siteId: row.site_id,
    labels: { ...row.labels },
    isEnabled: row.is_enabled,
    isConnected: row.is_connected ?? false,
    lastConnectedAt: isoTimeOrNull(row.connected_at),
    version: row.version,
  };
}
