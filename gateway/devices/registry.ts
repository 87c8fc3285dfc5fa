import type { DeviceRef } from '#contracts/point-batch.ts';
import type { Db } from '#platform/db/db.ts';
import type { DeviceTables } from './tables.ts';

/**
 * A registered device with what a login is judged by. The object stays the same while the device exists; its
 * fields change when the device's row does.
 */
export interface RegisteredDevice {
  readonly ref: DeviceRef;
  readonly secretHash: Buffer;
  readonly isEnabled: boolean;
}

/**
 * Every registered device in memory. Other nodes' changes arrive by `refresh`, called for the devices that
 * `device.registered` and `device.changed` name.
 */
export interface DeviceRegistry {
  /** Reads all devices; those it knows stay the same objects. Called before anything connects. */
  load(): Promise<void>;
  /** Reads these devices again; one that is gone is forgotten. */
  refresh(deviceIds: readonly string[]): Promise<void>;
  find(deviceId: string): DeviceRef | undefined;
  byIndex(index: number): DeviceRef | undefined;
  all(): readonly DeviceRef[];
  findByUsername(username: string): RegisteredDevice | undefined;
  /** Told when a device must be cut off: disabled, deleted, or its credentials changed. */
  onRevoked(listener: (deviceId: string) => void): void;
}

interface Entry {
  ref: DeviceRef;
  username: string;
  secretHash: Buffer;
  isEnabled: boolean;
}

const COLUMNS = [
  'id',
  'kind',
  'model',
  'unit_id',
  'site_id',
  'labels',
  'mqtt_username',
  'secret_hash',
  'is_enabled',
] as const;

export function createDeviceRegistry(deps: { readonly db: Db }): DeviceRegistry {
  const db = deps.db.withTables<DeviceTables>();
  const byId = new Map<string, Entry>();
  const byUsername = new Map<string, Entry>();
  const byIndex: (Entry | undefined)[] = [];
  const listeners: ((deviceId: string) => void)[] = [];
  const select = () => db.selectFrom('device').select(COLUMNS);
  type Row = Awaited<ReturnType<ReturnType<typeof select>['execute']>>[number];

  const put = (row: Row) => {
    const known = byId.get(row.id);
    const index = known?.ref.index ?? byIndex.length;
    const entry: Entry = Object.assign(known ?? {}, {
      ref: refOf(row, index),
      username: row.mqtt_username,
      secretHash: row.secret_hash,
      isEnabled: row.is_enabled,
    });
    byId.set(row.id, entry);
    byUsername.set(row.mqtt_username, entry);
    byIndex[index] = entry;
  };

  const forget = (entry: Entry) => {
    byId.delete(entry.ref.id);
    byUsername.delete(entry.username);
    byIndex[entry.ref.index] = undefined;
  };

  const replace = (deviceId: string, row: Row | undefined): boolean => {
    const known = byId.get(deviceId);
    const isRevoked = known !== undefined && cutsOff(known, row);
    if (row !== undefined) put(row);
    else if (known !== undefined) forget(known);
    return isRevoked;
  };

  let lastRefresh: Promise<void> = Promise.resolve();
  const refreshNow = async (deviceIds: readonly string[]) => {
    if (deviceIds.length === 0) return;
    const rows = await select().where('id', 'in', deviceIds).execute();
    const found = new Map(rows.map((row) => [row.id, row]));
    for (const deviceId of deviceIds) {
      if (replace(deviceId, found.get(deviceId))) for (const tell of listeners) tell(deviceId);
    }
  };

  return {
    load: async () => {
      for (const row of await select().orderBy('created_at').orderBy('id').execute()) put(row);
    },
    refresh: (deviceIds) => {
      const turn = lastRefresh.then(() => refreshNow(deviceIds));
      lastRefresh = turn.catch(() => undefined);
      return turn;
    },
    find: (deviceId) => byId.get(deviceId)?.ref,
    byIndex: (index) => byIndex[index]?.ref,
    all: () => Array.from(byId.values(), (entry) => entry.ref),
    findByUsername: (username) => byUsername.get(username),
    onRevoked: (listener) => listeners.push(listener),
  };
}

function refOf(
  row: Pick<DeviceTables['device'], 'id' | 'kind' | 'model' | 'unit_id' | 'site_id'> & {
    labels: DeviceRef['labels'];
  },
  index: number,
): DeviceRef {
  return {
    id: row.id,
    index,
    kind: row.kind,
    model: row.model,
    unitId: row.unit_id,
    siteId: row.site_id,
    labels: row.labels,
  };
}

function cutsOff(known: Entry, row: { secret_hash: Buffer; is_enabled: boolean } | undefined): boolean {
  if (row === undefined) return true;
  return (known.isEnabled && !row.is_enabled) || !known.secretHash.equals(row.secret_hash);
}
