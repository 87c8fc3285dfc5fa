import type { DomainEvent } from '#contracts/events.ts';
import type { Consumer } from '#platform/outbox/outbox.ts';
import { forEach } from '../for-each.ts';
import { dispatchPolicy, undispatchedOrders, type WorkOrderDeps } from '../work-orders/index.ts';
import { AHEAD_MS, dispatchOrder, reofferOrder } from './dispatch-order.ts';
import { unansweredOrders } from './dispatch-records.ts';

/**
 * Dispatches orders as they open, and again those that were declined or withdrawn; by their tickets, in the order
 * in which others take those.
 */
export function createDispatchConsumer(deps: WorkOrderDeps): Consumer {
  return {
    name: 'dispatch',
    events: ['work_order.opened', 'work_order.changed'],
    limit: 50,
    handle: async (tx, events) => {
      for (const id of plannedOrders(events)) await dispatchOrder(deps, tx, id);
    },
  };
}

function plannedOrders(events: readonly DomainEvent[]): string[] {
  const orders = new Map<string, string>();
  for (const event of events.filter(isPlanned)) {
    const { workOrderId, ticketId } = event.data;
    orders.set(workOrderId, `${ticketId ?? ''}/${workOrderId}`);
  }
  return [...orders].sort(([, a], [, b]) => (a < b ? -1 : 1)).map(([id]) => id);
}

function isPlanned(event: DomainEvent): event is DomainEvent<'work_order.opened' | 'work_order.changed'> {
  if (event.type === 'work_order.changed') return 'to' in event.data && event.data.to === 'planned';
  return event.type === 'work_order.opened';
}

/**
 * Tries again for orders without a technician: one has come free, on shift or been hired, a due date has come near.
 * Then offers what nobody answered in time to somebody else.
 */
export async function sweepPlannedOrders(deps: WorkOrderDeps): Promise<void> {
  const { db, clock, outbox } = deps;
  const inTurn = (ids: readonly string[], run: typeof dispatchOrder) =>
    forEach(ids, (id) => db.transaction().execute((tx) => run(deps, tx, id))).finally(() => outbox.wake());
  await inTurn(await undispatchedOrders(db, clock.nowMs() + AHEAD_MS), dispatchOrder);
  const { answerWithinMinutes } = await dispatchPolicy(db);
  await inTurn(await unansweredOrders(db, clock.nowMs() - answerWithinMinutes * 60_000), reofferOrder);
}
