import type { ColumnType } from 'kysely';
import { isoTime, isoTimeOrNull } from '#contracts/time.ts';
import type { ScorePart } from '#contracts/work-orders.ts';
import type { Db, NullableTimestamp, Timestamp, Tx } from '#platform/db/db.ts';
import { newId } from '#platform/ids.ts';
import type { OrderDispatches } from '../work-orders/index.ts';
import type { Scored } from './core/score.ts';

export type DispatchTables = {
  dispatch: {
    id: string;
    work_order_id: string;
    technician_id: string;
    score: ColumnType<string | null, number | null | undefined, number | null>;
    score_parts: ColumnType<ScorePart[], string | undefined, string>;
    decided_at: Timestamp;
    decided_by: string;
    accepted_at: NullableTimestamp;
    declined_at: NullableTimestamp;
    reason: string | null;
  };
};

/** Who was offered which order, why, and what they answered. */
export function createDispatchRecords(): OrderDispatches {
  return {
    assigned: async (tx, { order, decidedBy, atMs }) => {
      await tx
        .withTables<DispatchTables>()
        .insertInto('dispatch')
        .values({
          id: newId(),
          work_order_id: order.id,
          technician_id: order.technician_id ?? '',
          decided_at: new Date(atMs),
          decided_by: decidedBy,
          reason: null,
        })
        .execute();
    },
    answered: async (tx, { orderId, answer, atMs, reason }) => {
      const at = new Date(atMs);
      await updateLatest(
        tx,
        orderId,
        answer === 'accepted' ? { accepted_at: at } : { declined_at: at, reason },
      );
    },
    ofOrder: dispatchesOf,
  };
}

/** Puts the score that chose the technician on the assignment it led to. */
export async function recordScore(tx: Tx, orderId: string, { score, parts }: Scored): Promise<void> {
  await updateLatest(tx, orderId, { score, score_parts: JSON.stringify(parts) });
}

async function updateLatest(tx: Tx, orderId: string, change: object): Promise<void> {
  const tables = tx.withTables<DispatchTables>();
  await tables
    .updateTable('dispatch')
    .set(change)
    .where(
      'id',
      '=',
      tables
        .selectFrom('dispatch')
        .select('id')
        .where('work_order_id', '=', orderId)
        .orderBy('id', 'desc')
        .limit(1),
    )
    .execute();
}

async function dispatchesOf(db: Db | Tx, orderId: string) {
  const rows = await db
    .withTables<DispatchTables>()
    .selectFrom('dispatch')
    .selectAll()
    .where('work_order_id', '=', orderId)
    .orderBy('id')
    .execute();
  return rows.map((row) => ({
    technicianId: row.technician_id,
    score: row.score === null ? null : Number(row.score),
    scoreParts: row.score_parts,
    decidedAt: isoTime(row.decided_at),
    decidedBy: row.decided_by,
    acceptedAt: isoTimeOrNull(row.accepted_at),
    declinedAt: isoTimeOrNull(row.declined_at),
    reason: row.reason,
  }));
}

/** Technicians who declined this order. */
export async function declinedBy(tx: Tx, orderId: string): Promise<ReadonlySet<string>> {
  const rows = await tx
    .withTables<DispatchTables>()
    .selectFrom('dispatch')
    .select('technician_id')
    .where('work_order_id', '=', orderId)
    .where('declined_at', 'is not', null)
    .execute();
  return new Set(rows.map(({ technician_id }) => technician_id));
}
