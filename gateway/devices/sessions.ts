import { sql } from 'kysely';
import type { Clock } from '#platform/clock.ts';
import type { Db } from '#platform/db/db.ts';
import type { Logger } from '#platform/log.ts';
import { type BatchWriter, createBatchWriter } from './batch-writer.ts';

/** Which device is connected to which node, kept in PostgreSQL a moment behind the sockets. */
export interface DeviceSessions extends AsyncDisposable {
  connected(deviceId: string, remoteAddress: string | null): void;
  disconnected(deviceId: string): void;
  /** Marks what this node left connected when it ended; returns those devices. Called before listening. */
  recover(): Promise<readonly string[]>;
  /** Writes what is waiting. */
  flush(): Promise<void>;
}

interface Change {
  device_id: string;
  connects: number;
  is_connected: boolean;
  connected_at: string | null;
  disconnected_at: string | null;
  remote_address: string | null;
}

const FLUSH_MS = 200;

/**
 * The epoch goes up by one at each connect. A burst of connects and disconnects is one upsert each 200 ms; while
 * PostgreSQL is away the latest state of each device waits.
 */
export function createDeviceSessions(
  deps: { readonly db: Db; readonly clock: Clock; readonly log: Logger },
  config: { readonly nodeId: string },
): DeviceSessions {
  const { db, clock, log } = deps;
  const nowText = () => new Date(clock.nowMs()).toISOString();
  const writer: BatchWriter<Change> = createBatchWriter({
    everyMs: FLUSH_MS,
    write: (changes) => upsert(db, config.nodeId, changes),
    onError: (error) => log.warn({ err: error }, 'device sessions not written yet; trying again'),
    merge: (earlier, later) => ({
      ...later,
      connects: earlier.connects + later.connects,
      connected_at: later.connected_at ?? earlier.connected_at,
      remote_address: later.remote_address ?? earlier.remote_address,
    }),
  });
  return {
    connected: (deviceId, remoteAddress) =>
      writer.put(deviceId, {
        device_id: deviceId,
        connects: 1,
        is_connected: true,
        connected_at: nowText(),
        disconnected_at: null,
        remote_address: remoteAddress,
      }),
    disconnected: (deviceId) =>
      writer.put(deviceId, {
        device_id: deviceId,
        connects: 0,
        is_connected: false,
        connected_at: null,
        disconnected_at: nowText(),
        remote_address: null,
      }),
    recover: async () => {
      const left = await sql<{ device_id: string }>`
        update device_session set is_connected = false, disconnected_at = ${new Date(clock.nowMs())}
        where node_id = ${config.nodeId} and is_connected
        returning device_id`.execute(db);
      return left.rows.map((row) => row.device_id);
    },
    flush: writer.flush,
    [Symbol.asyncDispose]: writer[Symbol.asyncDispose],
  };
}

/** A disconnect counts only on the node that holds the session: after a move it comes too late. */
async function upsert(db: Db, nodeId: string, changes: readonly Change[]): Promise<void> {
  await sql`
    insert into device_session as session
      (device_id, node_id, epoch, is_connected, connected_at, disconnected_at, remote_address)
    select device_id, ${nodeId}, connects, is_connected, connected_at, disconnected_at, remote_address
    from jsonb_to_recordset(${JSON.stringify(changes)}::jsonb) as change
      (device_id text, connects bigint, is_connected boolean, connected_at timestamptz,
       disconnected_at timestamptz, remote_address text)
    where exists (select from device where device.id = change.device_id)
    order by device_id
    on conflict (device_id) do update set
      node_id = excluded.node_id,
      epoch = session.epoch + excluded.epoch,
      is_connected = excluded.is_connected,
      connected_at = coalesce(excluded.connected_at, session.connected_at),
      disconnected_at = coalesce(excluded.disconnected_at, session.disconnected_at),
      remote_address = coalesce(excluded.remote_address, session.remote_address)
    where session.node_id = excluded.node_id or excluded.epoch > 0`.execute(db);
}
