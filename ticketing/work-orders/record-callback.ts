import { type Instant, instantMs } from '#contracts/time.ts';
import { type Actor, actorId, requirePermission } from '#platform/auth/actor.ts';
import type { Tx } from '#platform/db/db.ts';
import { AftercareError, invalidField, notFound } from '#platform/errors.ts';
import { stopClocks } from '../sla/index.ts';
import { canReopen, lockUnitAndTicket, reopenTicket } from '../tickets/index.ts';
import { findOrder } from './list-orders.ts';
import { logOrder } from './move-order.ts';
import type { WorkOrderDeps } from './ports.ts';
import type { WorkOrderRow, WorkOrderTables } from './tables.ts';
import { lockOrder } from './ticket-orders.ts';

/**
 * The call after the work (requirement I1): recorded on the order, it stops T9. A customer who is not satisfied
 * reopens the ticket with a follow-up order (I8), unless it is in hand, cancelled or closed too long.
 */
export async function recordCallback(
  deps: WorkOrderDeps,
  actor: Actor,
  { id, body }: { readonly id: string; readonly body: CallbackBody },
): Promise<WorkOrderRow> {
  requirePermission(actor, 'work_orders:review');
  const ticketId = (await findOrder(deps.db, id))?.ticket_id ?? null;
  const row = await deps.db.transaction().execute(async (tx) => {
    const ticket = ticketId === null ? undefined : await lockUnitAndTicket(tx, ticketId);
    const order = await lockOrder(tx, id);
    if (order === undefined) throw notFound('work_order', id);
    const atMs = callbackMs(order, body.occurredAt, deps.clock.nowMs());
    const called = await record(deps, tx, { order, actor, body, atMs });
    if (ticket === undefined || body.satisfied || !(await canReopen(deps.tickets, tx, ticket))) return called;
    await reopenTicket(deps.tickets, tx, { ticket, alarm: { alarmId: null, raisedAtMs: atMs }, actor });
    return (await lockOrder(tx, id)) ?? called;
  });
  deps.outbox.wake();
  return row;
}

/** When the call was made; throws where the order takes none. */
function callbackMs(order: WorkOrderRow, occurredAt: Instant | undefined, nowMs: number): number {
  const { number, status, tested_at: testedAtMs, callback } = order;
  if (testedAtMs === null) {
    throw new AftercareError('WORK_ORDER_NOT_DONE', `work order ${number} is not done yet`, {
      kind: 'conflict',
      fields: [{ field: 'status', message: status }],
    });
  }
  if (callback !== null) {
    throw new AftercareError('WORK_ORDER_CALLED_BACK', `the callback of work order ${number} is recorded`, {
      kind: 'conflict',
      fields: [{ field: 'callback', message: 'recorded already' }],
    });
  }
  const atMs = occurredAt === undefined ? nowMs : instantMs(occurredAt);
  if (atMs > nowMs || atMs < testedAtMs) {
    throw invalidField('WORK_ORDER_OCCURRED_AT_IMPLAUSIBLE', 'occurredAt', 'lies before the work or ahead');
  }
  return atMs;
}

async function record(
  { clock, outbox, audit }: WorkOrderDeps,
  tx: Tx,
  call: {
    readonly order: WorkOrderRow;
    readonly actor: Actor;
    readonly body: CallbackBody;
    readonly atMs: number;
  },
): Promise<WorkOrderRow> {
  const { order, actor, body, atMs } = call;
  const { id } = order;
  const nowMs = clock.nowMs();
  const { satisfied, text } = body;
  await logOrder(tx, { order, actor, atMs, text, parts: [], action: 'callback', loggedAtMs: nowMs });
  await stopClocks({ outbox, nowMs }, tx, { kinds: ['T9'], on: { workOrderId: id }, atMs });
  await audit.record(tx, { actor, action: 'work_order.callback', entity: 'work_order', entityId: id });
  return tx
    .withTables<WorkOrderTables>()
    .updateTable('work_order')
    .set({
      callback: JSON.stringify({ atMs, by: actorId(actor), satisfied, text }),
      version: order.version + 1,
    })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

export interface CallbackBody {
  readonly satisfied: boolean;
  readonly text: string;
  readonly occurredAt?: Instant;
}
