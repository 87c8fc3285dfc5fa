import { sql } from 'kysely';
import type { DomainEvent } from '#contracts/events.ts';
import type { Consumer } from '#platform/outbox/outbox.ts';
import type { WorkOrderDeps } from '../work-orders/index.ts';
import { dispatchOrder } from './dispatch-order.ts';

/** Dispatches orders as they open, and again those that were declined or withdrawn. */
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
  const { rows } = await sql<{ id: string }>`
    select id from work_order where status = 'planned'
      and (due_at is null or due_at <= ${new Date(deps.clock.nowMs())}::timestamptz + interval '3 days')
    order by priority, id limit 500`.execute(deps.db);
  for (const { id } of rows) {
    await deps.db.transaction().execute((tx) => dispatchOrder(deps, tx, id));
  }
  if (rows.length > 0) deps.outbox.wake();
}
