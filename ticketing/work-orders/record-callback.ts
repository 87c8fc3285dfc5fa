import { type Instant, instantMs } from '#contracts/time.ts';
import { type Actor, actorId, requirePermission } from '#platform/auth/actor.ts';
import { AftercareError, invalidField, notFound } from '#platform/errors.ts';
import { stopClocks } from '../sla/index.ts';
import { logOrder } from './move-order.ts';
import type { WorkOrderDeps } from './ports.ts';
import type { WorkOrderRow, WorkOrderTables } from './tables.ts';
import { lockOrder } from './ticket-orders.ts';

/** The call after the work (requirement I1): recorded on the order, it stops T9. */
export async function recordCallback(
  deps: WorkOrderDeps,
  actor: Actor,
  { id, body }: { readonly id: string; readonly body: CallbackBody },
): Promise<WorkOrderRow> {
  requirePermission(actor, 'work_orders:review');
  const row = await deps.db.transaction().execute(async (tx) => {
    const order = await lockOrder(tx, id);
    if (order === undefined) throw notFound('work_order', id);
    if (order.tested_at === null) {
      throw new AftercareError('WORK_ORDER_NOT_DONE', `work order ${order.number} is not done yet`, {
        kind: 'conflict',
        fields: [{ field: 'status', message: order.status }],
      });
    }
    const nowMs = deps.clock.nowMs();
    const atMs = body.occurredAt === undefined ? nowMs : instantMs(body.occurredAt);
    if (atMs > nowMs || atMs < order.tested_at) {
      throw invalidField('WORK_ORDER_OCCURRED_AT_IMPLAUSIBLE', 'occurredAt', 'lies before the work or ahead');
    }
    const callback = { atMs, by: actorId(actor), satisfied: body.satisfied, text: body.text };
    await logOrder(tx, {
      order,
      actor,
      atMs,
      text: body.text,
      parts: [],
      action: 'callback',
      loggedAtMs: nowMs,
    });
    await stopClocks({ outbox: deps.outbox, nowMs }, tx, { kinds: ['T9'], on: { workOrderId: id }, atMs });
    await deps.audit.record(tx, { actor, action: 'work_order.callback', entity: 'work_order', entityId: id });
    return tx
      .withTables<WorkOrderTables>()
      .updateTable('work_order')
      .set({ callback: JSON.stringify(callback), version: order.version + 1 })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirstOrThrow();
  });
  deps.outbox.wake();
  return row;
}

export interface CallbackBody {
  readonly satisfied: boolean;
  readonly text: string;
  readonly occurredAt?: Instant;
}
