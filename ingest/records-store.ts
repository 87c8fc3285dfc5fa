import { sql } from 'kysely';
import type { Db } from '#platform/db/db.ts';
import { newId } from '#platform/ids.ts';
import { saveCharging } from './charging/save-charging.ts';
import type { ChargingChange } from './core/charging-change.ts';
import type { DeadLetter, DeviceEvent } from './reading.ts';

/** What one log batch leaves besides points. A batch kept again replaces itself. */
export interface BatchRecords {
  readonly sequence: number;
  readonly events: readonly DeviceEvent[];
  readonly deadLetters: readonly DeadLetter[];
  readonly charging: readonly ChargingChange[];
}

async function insertEvents(db: Db, nodeId: string, batches: readonly BatchRecords[]): Promise<void> {
  const rows = batches.flatMap(({ sequence, events }) =>
    events.map((event, position) => ({
      sequence,
      position,
      device_id: event.deviceId,
      component: event.component,
      type: event.type,
      code: event.code,
      state: event.state,
      detail: event.detail,
      observed_at: new Date(event.observedAtMs),
      received_at: new Date(event.receivedAtMs),
    })),
  );
  if (rows.length === 0) return;
  await sql`insert into device_event (node_id, sequence, position, device_id, component, type, code, state, detail, observed_at, received_at)
    select ${nodeId}, r.* from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(
      sequence bigint, position integer, device_id text, component text, type text, code text, state text,
      detail jsonb, observed_at timestamptz, received_at timestamptz)
    on conflict do nothing`.execute(db);
}

async function insertLetters(db: Db, nodeId: string, batches: readonly BatchRecords[]): Promise<void> {
  const rows = batches.flatMap(({ sequence, deadLetters }) =>
    deadLetters.map((letter, position) => ({
      id: newId(),
      sequence,
      position,
      device_id: letter.deviceId,
      topic: letter.topic,
      code: letter.code,
      field: letter.field,
      is_partial: letter.isPartial,
      payload: letter.payload.toString('hex'),
      received_at: new Date(letter.receivedAtMs),
    })),
  );
  if (rows.length === 0) return;
  await sql`insert into dead_letter (node_id, id, sequence, position, device_id, topic, code, field, is_partial, payload, received_at)
    select ${nodeId}, r.id, r.sequence, r.position, r.device_id, r.topic, r.code, r.field, r.is_partial,
      decode(r.payload, 'hex'), r.received_at
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(
      id uuid, sequence bigint, position integer, device_id text, topic text, code text, field text,
      is_partial boolean, payload text, received_at timestamptz)
    on conflict do nothing`.execute(db);
}

function isBare({ events, deadLetters, charging }: BatchRecords): boolean {
  return events.length + deadLetters.length + charging.length === 0;
}

/** Keeps events, dead letters, sessions and connector states and moves the writer's checkpoint, in one transaction. */
export async function saveRecords(
  db: Db,
  { nodeId, atMs }: { nodeId: string; atMs: number },
  batches: readonly BatchRecords[],
): Promise<void> {
  const last = batches.at(-1);
  if (last === undefined) return;
  const checkpoint = sql`insert into log_checkpoint values (${nodeId}, ${last.sequence}, ${new Date(atMs)})
    on conflict (node_id) do update set sequence = excluded.sequence, saved_at = excluded.saved_at`;
  if (batches.every(isBare)) {
    await checkpoint.execute(db);
    return;
  }
  await db.transaction().execute(async (tx) => {
    await insertEvents(tx, nodeId, batches);
    await insertLetters(tx, nodeId, batches);
    await saveCharging(
      tx,
      batches.flatMap(({ charging }) => charging),
    );
    await checkpoint.execute(tx);
  });
}

/** The last log sequence that the store holds in full; 0 for a node that never stored. */
export async function readCheckpoint(db: Db, nodeId: string): Promise<number> {
  const { rows } = await sql<{ sequence: number }>`
    select sequence from log_checkpoint where node_id = ${nodeId}`.execute(db);
  return rows[0]?.sequence ?? 0;
}
