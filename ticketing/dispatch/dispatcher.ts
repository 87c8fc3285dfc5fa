import type { DomainEvent } from '#contracts/events.ts';
import type { Consumer } from '#platform/outbox/outbox.ts';
import { forEach } from '../for-each.ts';
import { undispatchedOrders, type WorkOrderDeps } from '../work-orders/index.ts';
import { AHEAD_MS, dispatchOrder } from './dispatch-order.ts';

/** Dispatches orders as they open, and again those that were declined or withdrawn. */
export function createDispatchConsumer(deps: WorkOrderDeps): Consumer {
  return {
    name: 'dispatch',
    events: ['work_order.opened', 'work_order.changed'],
    limit: 50,
    handle: async (tx, events) => {
      for (const id of [...plannedOrders(events)].sort()) await dispatchOrder(deps, tx, id);
    },
  };
}

function plannedOrders(events: readonly DomainEvent[]): Set<string> {
  const ids = new Set<string>();
  for (const { type, data } of events) {
    if (type === 'work_order.opened' && 'workOrderId' in data) ids.add(data.workOrderId ?? '');
    else if (
      type === 'work_order.changed' &&
      'to' in data &&
      data.to === 'planned' &&
      'workOrderId' in data
    ) {
      ids.add(data.workOrderId);
    }
  }
  return ids;
}

/** Tries again for orders without a technician: one has come free or been hired, a due date has come near. */
export async function sweepPlannedOrders(deps: WorkOrderDeps): Promise<void> {
  const ids = await undispatchedOrders(deps.db, deps.clock.nowMs() + AHEAD_MS);
  const dispatchOne = (id: string) => deps.db.transaction().execute((tx) => dispatchOrder(deps, tx, id));
  await forEach(ids, dispatchOne).finally(() => deps.outbox.wake());
}
