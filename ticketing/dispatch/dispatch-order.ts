import type { Actor } from '#platform/auth/actor.ts';
import type { Tx } from '#platform/db/db.ts';
import {
  blockingData,
  dispatchPolicy,
  handOver,
  holdOrder,
  lockOrder,
  moveOrder,
  plainMove,
  type WorkOrderDeps,
} from '../work-orders/index.ts';
import { markUnanswered, recordRanking } from './dispatch-records.ts';
import { rankOrder } from './rank-order.ts';

const ACTOR: Actor = { type: 'system', name: 'dispatch' };
/** Planned work is dispatched this long before it is due. */
export const AHEAD_MS = 3 * 86_400_000;

/**
 * Sends the best technician to an order that is planned and due, or leaves it planned with the reason. An order
 * that another process sent meanwhile is left alone: its row decides.
 */
export async function dispatchOrder(deps: WorkOrderDeps, tx: Tx, orderId: string): Promise<void> {
  const order = await lockOrder(tx, orderId);
  if (order === undefined || order.status !== 'planned') return;
  const atMs = deps.clock.nowMs();
  if (order.due_at !== null && order.due_at > atMs + AHEAD_MS) return holdOrder(tx, order, 'not_due');
  if ((await blockingData(tx, order)).length > 0) return holdOrder(tx, order, 'data_incomplete');
  const { ranking, candidates } = await rankOrder(tx, order, { atMs, everybody: false, without: null });
  const best = ranking.ranked[0];
  if (best === undefined) return holdOrder(tx, order, ranking.holdReason ?? 'no_skill');
  const centre = candidates.find(({ technicianId }) => technicianId === best.technicianId)?.centre;
  await moveOrder(deps, tx, {
    ...plainMove({ order, action: 'assign', actor: ACTOR, atMs: Math.max(atMs, order.last_step_at) }),
    change: { technician_id: best.technicianId, centre_id: centre?.id ?? null, hold_reason: null },
  });
  await recordRanking(tx, order.id, ranking);
}

/**
 * Offers an order whose technician did not answer in time to the next best, and tells the supervisor either way. With
 * nobody else to ask it stays where it is.
 */
export async function reofferOrder(deps: WorkOrderDeps, tx: Tx, orderId: string): Promise<void> {
  const order = await lockOrder(tx, orderId);
  if (order === undefined || order.status !== 'dispatched' || order.technician_id === null) return;
  const atMs = deps.clock.nowMs();
  const { answerWithinMinutes } = await dispatchPolicy(tx);
  const technicianId = order.technician_id;
  const limitMs = atMs - answerWithinMinutes * 60_000;
  if (!(await markUnanswered(tx, { orderId, atMs, limitMs }))) return;
  const { ranking, candidates } = await rankOrder(tx, order, {
    atMs,
    everybody: false,
    without: technicianId,
  });
  const best = ranking.ranked[0];
  if (best !== undefined) {
    const centre = candidates.find((each) => each.technicianId === best.technicianId)?.centre;
    await moveOrder(deps, tx, {
      ...plainMove({ order, action: 'reassign', actor: ACTOR, atMs: Math.max(atMs, order.last_step_at) }),
      reason: `not answered within ${answerWithinMinutes} minutes`,
      change: { ...handOver(best.technicianId), centre_id: centre?.id ?? null },
    });
    await recordRanking(tx, order.id, ranking);
  }
  await tellSupervisor(deps, tx, {
    workOrderId: order.id,
    ticketId: order.ticket_id,
    technicianId,
    reofferedTo: best?.technicianId ?? null,
  });
}

interface Unanswered {
  readonly workOrderId: string;
  readonly ticketId: string | null;
  readonly technicianId: string;
  readonly reofferedTo: string | null;
}

async function tellSupervisor({ audit, outbox }: WorkOrderDeps, tx: Tx, data: Unanswered): Promise<void> {
  await audit.record(tx, {
    actor: ACTOR,
    action: 'dispatch.unanswered',
    entity: 'work_order',
    entityId: data.workOrderId,
    fields: { technicianId: { from: data.technicianId, to: data.reofferedTo ?? data.technicianId } },
  });
  await outbox.publish(tx, [{ type: 'dispatch.unanswered', data }]);
}
