import { sql } from 'kysely';
import type { Actor } from '#platform/auth/actor.ts';
import type { Db, Tx } from '#platform/db/db.ts';
import type { OrderSummary } from '../tickets/index.ts';
import { moveOrder, plainMove } from './move-order.ts';
import type { WorkOrderDeps } from './ports.ts';
import type { WorkOrderRow, WorkOrderTables } from './tables.ts';

const ACTOR: Actor = { type: 'system', name: 'ticketing' };

const DONE = ['tested', 'signed', 'submitted', 'reviewed', 'archived'] as const;

/** What tickets must know of their orders, in one query. */
export async function summariseOrders(
  db: Db | Tx,
  ticketIds: readonly string[],
): Promise<ReadonlyMap<string, OrderSummary>> {
  if (ticketIds.length === 0) return new Map();
  const done = sql.join(DONE.map((status) => sql.lit(status)));
  const rows = await db
    .withTables<WorkOrderTables>()
    .selectFrom('work_order')
    .select([
      'ticket_id',
      sql<string[]>`array_agg(id order by id)`.as('ids'),
      sql<number>`count(*) filter (where status not in (${done}, 'cancelled'))`.as('unfinished'),
      sql<number>`count(*) filter (where status not in ('planned', 'cancelled'))`.as('sent'),
      sql<number>`count(*) filter (where status = 'tested')`.as('unsigned'),
      sql<number>`count(*) filter (where verification = 'pending')`.as('verificationPending'),
    ])
    .where('ticket_id', 'in', [...ticketIds])
    .groupBy('ticket_id')
    .execute();
  return new Map(rows.map(({ ticket_id, ...summary }) => [ticket_id ?? '', summary]));
}

/** An order, held until the transaction ends, after its ticket: the order in which everybody takes them. */
export async function lockOrder(tx: Tx, id: string): Promise<WorkOrderRow | undefined> {
  const orders = tx.withTables<WorkOrderTables & { ticket: { id: string } }>();
  await orders
    .selectFrom('ticket')
    .select('id')
    .where('id', '=', orders.selectFrom('work_order').select('ticket_id').where('id', '=', id))
    .forUpdate()
    .execute();
  return orders.selectFrom('work_order').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
}

/** Cancels a ticket's orders that nobody was sent to, or all that are unfinished. The caller holds the ticket. */
export async function cancelOrders(
  deps: WorkOrderDeps,
  tx: Tx,
  { ticketId, reason, all }: { readonly ticketId: string; readonly reason: string; readonly all: boolean },
): Promise<void> {
  const rows = await tx
    .withTables<WorkOrderTables>()
    .selectFrom('work_order')
    .selectAll()
    .where('ticket_id', '=', ticketId)
    .where('status', 'not in', [...DONE, 'cancelled'])
    .orderBy('id')
    .forUpdate()
    .execute();
  const atMs = deps.clock.nowMs();
  for (const order of rows) {
    if (!all && order.status !== 'planned') continue;
    await moveOrder(deps, tx, {
      ...plainMove({ order, action: 'cancel', actor: ACTOR, atMs }),
      reason,
    });
  }
}

/** Writes what verification found on the order; the caller holds its ticket. */
export async function setVerification(
  { audit }: Pick<WorkOrderDeps, 'audit'>,
  tx: Tx,
  { orderId, to }: { readonly orderId: string; readonly to: WorkOrderRow['verification'] },
): Promise<WorkOrderRow> {
  const row = await tx
    .withTables<WorkOrderTables>()
    .updateTable('work_order')
    .set({ verification: to })
    .set((eb) => ({ version: eb('version', '+', 1) }))
    .where('id', '=', orderId)
    .returningAll()
    .executeTakeFirstOrThrow();
  await audit.record(tx, {
    actor: ACTOR,
    action: 'work_order.verification',
    entity: 'work_order',
    entityId: orderId,
    fields: { verification: { from: 'pending', to } },
  });
  return row;
}
