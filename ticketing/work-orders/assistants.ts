import type { Actor } from '#platform/auth/actor.ts';
import type { Tx } from '#platform/db/db.ts';
import { AftercareError, invalidField, notFound } from '#platform/errors.ts';
import { allowedActions } from '../core/state-machine.ts';
import { WORK_ORDER_MACHINE } from '../core/work-order-machine.ts';
import { illegalAction } from '../enforce-move.ts';
import { requireOwnOrder } from './order-scope.ts';
import type { WorkOrderDeps } from './ports.ts';
import { requireSendable } from './require-sendable.ts';
import type { WorkOrderRow, WorkOrderTables } from './tables.ts';
import { lockOrder } from './ticket-orders.ts';

interface AssistantChange {
  readonly id: string;
  readonly technicianId: string;
}

/** Gives an order's technician a helper (requirement D13), who sees the order and notes work on it. */
export async function addAssistant(
  deps: WorkOrderDeps,
  actor: Actor,
  { id, technicianId }: AssistantChange,
): Promise<WorkOrderRow> {
  return deps.db.transaction().execute(async (tx) => {
    const order = await reach(tx, actor, id);
    await requireSendable(deps, tx, { actor, order, technicianId });
    if (order.technician_id === null) {
      throw new AftercareError(
        'WORK_ORDER_TECHNICIAN_MISSING',
        `work order ${order.number} has nobody to help`,
        {
          kind: 'conflict',
          fields: [{ field: 'technicianId', message: 'assign the order first' }],
        },
      );
    }
    if (order.technician_id === technicianId || order.assistant_ids.includes(technicianId)) {
      throw invalidField('WORK_ORDER_TECHNICIAN_SAME', 'technicianId', 'works on this order already');
    }
    return save(deps, tx, { order, actor, assistantIds: [...order.assistant_ids, technicianId] });
  });
}

export async function removeAssistant(
  deps: WorkOrderDeps,
  actor: Actor,
  { id, technicianId }: AssistantChange,
): Promise<WorkOrderRow> {
  return deps.db.transaction().execute(async (tx) => {
    const order = await reach(tx, actor, id);
    if (!order.assistant_ids.includes(technicianId)) throw notFound('assistant', technicianId);
    const assistantIds = order.assistant_ids.filter((each) => each !== technicianId);
    return save(deps, tx, { order, actor, assistantIds });
  });
}

async function reach(tx: Tx, actor: Actor, id: string): Promise<WorkOrderRow> {
  const order = await lockOrder(tx, id);
  if (order === undefined) throw notFound('work_order', id);
  requireOwnOrder(actor, order);
  const { number, status: state } = order;
  if (allowedActions(WORK_ORDER_MACHINE, state).length > 0) return order;
  throw illegalAction(WORK_ORDER_MACHINE, { id: number, state, action: 'assist' });
}

async function save(
  { audit }: WorkOrderDeps,
  tx: Tx,
  change: { readonly order: WorkOrderRow; readonly actor: Actor; readonly assistantIds: string[] },
): Promise<WorkOrderRow> {
  const { order, actor, assistantIds } = change;
  await audit.record(tx, {
    actor,
    action: 'work_order.assistants',
    entity: 'work_order',
    entityId: order.id,
    fields: { assistantIds: { from: order.assistant_ids, to: assistantIds } },
  });
  return tx
    .withTables<WorkOrderTables>()
    .updateTable('work_order')
    .set({ assistant_ids: assistantIds, version: order.version + 1 })
    .where('id', '=', order.id)
    .returningAll()
    .executeTakeFirstOrThrow();
}
