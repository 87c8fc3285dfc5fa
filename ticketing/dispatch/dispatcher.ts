import type { DomainEvent } from '#contracts/events.ts';
import type { Consumer } from '#platform/outbox/outbox.ts';
import { forEach } from '../for-each.ts';
import { undispatchedOrders, type WorkOrderDeps } from '../work-orders/index.ts';
import { AHEAD_MS, dispatchOrder } from './dispatch-order.ts';

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

/** Tries again for orders without a technician: one has come free or been hired, a due date has come near. */
export async function sweepPlannedOrders(deps: WorkOrderDeps): Promise<void> {
  const ids = await undispatchedOrders(deps.db, deps.clock.nowMs() + AHEAD_MS);
  const dispatchOne = (id: string) => deps.db.transaction().execute((tx) => dispatchOrder(deps, tx, id));
  await forEach(ids, dispatchOne).finally(() => deps.outbox.wake());
}
