import { type ColumnType, type Selectable, type SqlBool, sql } from 'kysely';
import { isoTime, isoTimeOrNull } from '#contracts/time.ts';
import type { Dispatch, DispatchRanking, ScorePart } from '#contracts/work-orders.ts';
import type { Db, NullableTimestamp, Timestamp, Tx } from '#platform/db/db.ts';
import { newId } from '#platform/ids.ts';
import type { OrderDispatches } from '../work-orders/index.ts';
import type { Ranking } from './core/score.ts';

export type DispatchTables = {
  dispatch: {
    id: string;
    work_order_id: string;
    technician_id: string;
    centre_id: string | null;
    score: ColumnType<string | null, number | null | undefined, number | null>;
    score_parts: ColumnType<ScorePart[], string | undefined, string>;
    ranking: ColumnType<DispatchRanking | null, string | null | undefined, string | null>;
    decided_at: Timestamp;
    decided_by: string;
    accepted_at: NullableTimestamp;
    declined_at: NullableTimestamp;
    unanswered_at: NullableTimestamp;
    withdrawn_at: NullableTimestamp;
    reason: string | null;
  };
};

/** How many of the ranked, and of the excluded, are kept with a decision. */
const KEPT = 50;

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
          centre_id: order.centre_id,
          decided_at: new Date(atMs),
          decided_by: decidedBy,
          reason: null,
        })
        .execute();
    },
    answered: async (tx, { orderId, answer, atMs, reason }) => {
      const at = new Date(atMs);
      const change = {
        accepted: { accepted_at: at },
        declined: { declined_at: at, reason },
        withdrawn: { withdrawn_at: at, reason },
      }[answer];
      await updateLatest(tx, orderId, change);
    },
    ofOrder: async (db, orderId) => {
      const rows = await dispatchesOf(db, orderId);
      return rows.map((row) => recordOf(row));
    },
  };
}

/** Puts the ranking that chose the technician on the assignment it led to. */
export async function recordRanking(tx: Tx, orderId: string, ranking: Ranking): Promise<void> {
  const best = ranking.ranked[0];
  const kept: DispatchRanking = {
    ranked: ranking.ranked.slice(0, KEPT).map(({ technicianId, score }) => ({ technicianId, score })),
    excluded: ranking.excluded.slice(0, KEPT).map((each) => ({ ...each })),
    rankedCount: ranking.ranked.length,
    excludedCount: ranking.excluded.length,
  };
  await updateLatest(tx, orderId, {
    score: best?.score ?? null,
    score_parts: JSON.stringify(best?.parts ?? []),
    ranking: JSON.stringify(kept),
  });
}

async function updateLatest(tx: Tx, orderId: string, change: object): Promise<void> {
  const tables = tx.withTables<DispatchTables>();
  await tables.updateTable('dispatch').set(change).where('id', '=', latestOf(tx, orderId)).execute();
}

function latestOf(tx: Tx, orderId: string) {
  return tx
    .withTables<DispatchTables>()
    .selectFrom('dispatch')
    .select('id')
    .where('work_order_id', '=', orderId)
    .orderBy('id', 'desc')
    .limit(1);
}

/** Notes that the order's assignment was not answered by the limit; false where it was, or is noted already. */
export async function markUnanswered(
  tx: Tx,
  { orderId, atMs, limitMs }: { readonly orderId: string; readonly atMs: number; readonly limitMs: number },
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .withTables<DispatchTables>()
    .updateTable('dispatch')
    .set({ unanswered_at: new Date(atMs) })
    .where('id', '=', latestOf(tx, orderId))
    .where(isOpenSince(limitMs))
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

const isOpenSince = (limitMs: number) =>
  sql<SqlBool>`decided_at <= ${new Date(limitMs)} and accepted_at is null and declined_at is null
    and unanswered_at is null and withdrawn_at is null`;

/** Orders whose technician was asked before then and has neither accepted nor declined, the longest waiting first. */
export async function unansweredOrders(db: Db, limitMs: number): Promise<string[]> {
  const { rows } = await sql<{ work_order_id: string }>`
    select dispatch.work_order_id
    from dispatch join work_order on work_order.id = dispatch.work_order_id
    where work_order.status = 'dispatched' and ${isOpenSince(limitMs)}
    order by dispatch.id limit 200`.execute(db);
  return rows.map((row) => row.work_order_id);
}

export async function dispatchesOf(db: Db | Tx, orderId: string): Promise<DispatchRow[]> {
  return db
    .withTables<DispatchTables>()
    .selectFrom('dispatch')
    .selectAll()
    .where('work_order_id', '=', orderId)
    .orderBy('id')
    .execute();
}

export type DispatchRow = Selectable<DispatchTables['dispatch']>;

function recordOf(row: DispatchRow) {
  return {
    technicianId: row.technician_id,
    centreId: row.centre_id,
    score: row.score === null ? null : Number(row.score),
    scoreParts: row.score_parts,
    decidedAt: isoTime(row.decided_at),
    decidedBy: row.decided_by,
    acceptedAt: isoTimeOrNull(row.accepted_at),
    declinedAt: isoTimeOrNull(row.declined_at),
    unansweredAt: isoTimeOrNull(row.unanswered_at),
    withdrawnAt: isoTimeOrNull(row.withdrawn_at),
    reason: row.reason,
  };
}

export function toDispatch(row: DispatchRow): Dispatch {
  return { id: row.id, workOrderId: row.work_order_id, ...recordOf(row), ranking: row.ranking };
}

/** Technicians who declined this order or did not answer it. */
export async function answersOf(
  db: Db | Tx,
  orderId: string,
): Promise<ReadonlyMap<string, 'declined' | 'unanswered'>> {
  const rows = (await dispatchesOf(db, orderId)).filter(
    ({ declined_at, unanswered_at, accepted_at }) =>
      declined_at !== null || (unanswered_at !== null && accepted_at === null),
  );
  return new Map(
    rows.map((row) => [row.technician_id, row.declined_at === null ? 'unanswered' : 'declined']),
  );
}
