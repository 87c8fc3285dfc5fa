import type { WorkOrderStatus } from '#contracts/statuses.ts';
import { type Actor, actorId } from '#platform/auth/actor.ts';
import type { Tx } from '#platform/db/db.ts';
import { newId } from '#platform/ids.ts';
import { WORK_ORDER_MACHINE, type WorkOrderAction } from '../core/work-order-machine.ts';
import { enforceMove } from '../enforce-move.ts';
import { followOrder } from './follow-order.ts';
import { settleOrderClocks } from './order-clocks.ts';
import { orderFacts } from './order-facts.ts';
import type { WorkOrderDeps } from './ports.ts';
import type { PartLineRecord, WorkOrderChange, WorkOrderRow, WorkOrderTables } from './tables.ts';

export interface OrderMove {
  readonly order: WorkOrderRow;
  readonly action: WorkOrderAction;
  readonly change: WorkOrderChange;
  readonly actor: Actor;
  readonly atMs: number;
  readonly reason: string | null;
  readonly text: string | null;
  readonly parts: readonly PartLineRecord[];
}

/** A move without data of its own, by us. */
export function plainMove(move: Pick<OrderMove, 'order' | 'action' | 'actor' | 'atMs'>): OrderMove {
  return { ...move, change: {}, reason: null, text: null, parts: [] };
}

/**
 * Moves an order whose row, and whose ticket's, the caller holds: status, log, audit, event, clocks, assignment,
 * ticket and verification in one transaction. Throws 409 or 422 (see enforceMove) and changes nothing then.
 */
export async function moveOrder(deps: WorkOrderDeps, tx: Tx, move: OrderMove): Promise<WorkOrderRow> {
  const { order, action, actor } = move;
  const by = actorId(actor);
  const facts = orderFacts(order, move.change, { reason: move.reason, by });
  const to = enforceMove(WORK_ORDER_MACHINE, { id: order.number, state: order.status, action }, facts);
  const row = await tx
    .withTables<WorkOrderTables>()
    .updateTable('work_order')
    .set({
      ...move.change,
      status: to,
      steps: JSON.stringify({ ...order.steps, [to]: move.atMs }),
      last_step_at: new Date(move.atMs),
      version: order.version + 1,
    })
    .where('id', '=', order.id)
    .returningAll()
    .executeTakeFirstOrThrow();
  await logOrder(tx, { ...move, loggedAtMs: deps.clock.nowMs(), text: move.text ?? move.reason });
  await record(deps, tx, { row, from: order.status, move });
  await settleOrderClocks(deps, tx, { before: order, row, move });
  return followOrder(deps, tx, { before: order, row, move });
}

async function record(
  deps: WorkOrderDeps,
  tx: Tx,
  {
    row,
    from,
    move,
  }: { readonly row: WorkOrderRow; readonly from: WorkOrderStatus; readonly move: OrderMove },
): Promise<void> {
  await deps.audit.record(tx, {
    actor: move.actor,
    action: `work_order.${move.action}`,
    entity: 'work_order',
    entityId: row.id,
    fields: {
      status: { from, to: row.status },
      technicianId: { from: move.order.technician_id, to: row.technician_id },
    },
  });
  await deps.outbox.publish(tx, [
    {
      type: 'work_order.changed',
      data: {
        workOrderId: row.id,
        ticketId: row.ticket_id,
        from,
        to: row.status,
        technicianId: row.technician_id,
      },
    },
  ]);
}

/** An entry in the order's log, which is only ever added to (requirement E9). */
export async function logOrder(
  tx: Tx,
  entry: Pick<OrderMove, 'order' | 'actor' | 'atMs' | 'text' | 'parts'> & {
    readonly action: string;
    readonly loggedAtMs: number;
  },
): Promise<void> {
  await tx
    .withTables<WorkOrderTables>()
    .insertInto('work_order_log')
    .values({
      id: newId(),
      work_order_id: entry.order.id,
      at: new Date(entry.loggedAtMs),
      occurred_at: new Date(entry.atMs),
      actor: actorId(entry.actor),
      action: entry.action,
      text: entry.text,
      parts: JSON.stringify(entry.parts),
    })
    .execute();
}
