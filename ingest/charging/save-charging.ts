import { sql } from 'kysely';
import type { Tx } from '#platform/db/db.ts';
import { newId } from '#platform/ids.ts';
import type { ChargingChange } from '../core/charging-change.ts';

type Of<T extends ChargingChange['type']> = Extract<ChargingChange, { type: T }>;

/** The last change of each key: one statement may not touch a row twice. */
function lastOf<T extends ChargingChange>(changes: readonly T[], keyOf: (change: T) => string): T[] {
  return [...new Map(changes.map((change) => [keyOf(change), change])).values()];
}

const sessionKey = ({ deviceId, transactionId }: { deviceId: string; transactionId: number }): string =>
  `${deviceId} ${transactionId}`;

async function saveStarted(tx: Tx, changes: readonly Of<'started'>[]): Promise<void> {
  if (changes.length === 0) return;
  const rows = lastOf(changes, sessionKey).map((change) => ({
    id: newId(),
    device_id: change.deviceId,
    component: change.component,
    transaction_id: change.transactionId,
    started_at: new Date(change.atMs),
    meter_start_wh: change.meterWh,
  }));
  await sql`insert into charging_session (id, device_id, component, transaction_id, started_at, meter_start_wh, is_unknown)
    select r.*, false from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(
      id uuid, device_id text, component text, transaction_id bigint, started_at timestamptz, meter_start_wh float8)
    on conflict (device_id, transaction_id) do update set component = excluded.component,
      started_at = excluded.started_at, meter_start_wh = excluded.meter_start_wh, is_unknown = false`.execute(
    tx,
  );
}

async function saveStopped(tx: Tx, changes: readonly Of<'stopped'>[]): Promise<void> {
  if (changes.length === 0) return;
  const rows = lastOf(changes, sessionKey).map((change) => ({
    id: newId(),
    device_id: change.deviceId,
    component: change.component,
    transaction_id: change.transactionId,
    stopped_at: new Date(change.atMs),
    meter_stop_wh: change.meterWh,
    stop_reason: change.reason,
  }));
  await sql`insert into charging_session (id, device_id, component, transaction_id, stopped_at, meter_stop_wh, stop_reason, is_unknown)
    select r.*, true from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(
      id uuid, device_id text, component text, transaction_id bigint, stopped_at timestamptz, meter_stop_wh float8,
      stop_reason text)
    on conflict (device_id, transaction_id) do update set stopped_at = excluded.stopped_at,
      meter_stop_wh = excluded.meter_stop_wh, stop_reason = excluded.stop_reason`.execute(tx);
}

async function saveStatuses(tx: Tx, changes: readonly Of<'status'>[]): Promise<void> {
  if (changes.length === 0) return;
  const inOrder = [...changes].sort((a, b) => a.atMs - b.atMs);
  const rows = lastOf(inOrder, ({ deviceId, component }) => `${deviceId} ${component}`).map((change) => ({
    device_id: change.deviceId,
    component: change.component,
    status: change.status,
    error_code: change.errorCode,
    at: new Date(change.atMs),
  }));
  await sql`insert into connector_state (device_id, component, status, error_code, at)
    select r.* from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(
      device_id text, component text, status text, error_code text, at timestamptz)
    on conflict (device_id, component) do update
    set status = excluded.status, error_code = excluded.error_code, at = excluded.at
    where excluded.at >= connector_state.at`.execute(tx);
}

/** Brings sessions and connector states up to date. Saving changes again changes nothing; older ones do no harm. */
export async function saveCharging(tx: Tx, changes: readonly ChargingChange[]): Promise<void> {
  if (changes.length === 0) return;
  const of = <T extends ChargingChange['type']>(type: T) =>
    changes.filter((change): change is Of<T> => change.type === type);
  await saveStarted(tx, of('started'));
  await saveStopped(tx, of('stopped'));
  await saveStatuses(tx, of('status'));
}
