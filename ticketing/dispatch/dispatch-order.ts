import type { Actor } from '#platform/auth/actor.ts';
import type { Tx } from '#platform/db/db.ts';
import { listDispatchable } from '../people/index.ts';
import { unitCard } from '../units/index.ts';
import {
  holdOrder,
  lockOrder,
  moveOrder,
  plainMove,
  type WorkOrderDeps,
  type WorkOrderRow,
  workloadOf,
} from '../work-orders/index.ts';
import { type Candidate, chooseTechnician, type Place } from './core/score.ts';
import { declinedBy, recordScore } from './dispatch-records.ts';

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
  const candidates = await candidatesFor(tx, order, atMs);
  const { skill, priority, is_emergency: isEmergency, prefer_technician_id: preferTechnicianId } = order;
  const place = await placeOf(tx, order.unit_id);
  const choice = chooseTechnician(
    { skill, priority, isEmergency, place, preferTechnicianId, atMs },
    candidates,
  );
  if (choice.outcome === 'held') return holdOrder(tx, order, choice.reason);
  const { best } = choice;
  await moveOrder(deps, tx, {
    ...plainMove({ order, action: 'assign', actor: ACTOR, atMs: Math.max(atMs, order.last_step_at) }),
    change: { technician_id: best.technicianId, hold_reason: null },
  });
  await recordScore(tx, order.id, best);
}

async function candidatesFor(tx: Tx, order: WorkOrderRow, atMs: number): Promise<Candidate[]> {
  const technicians = await listDispatchable(tx, { skill: order.skill, atMs });
  const declined = await declinedBy(tx, order.id);
  const work = await workloadOf(
    tx,
    technicians.map(({ id }) => id),
  );
  const candidates: Candidate[] = [];
  for (const { id, zone, skills } of technicians) {
    const validUntil = skills.find(({ skill }) => skill === order.skill)?.validUntil ?? null;
    const inHand = work.get(id);
    candidates.push({
      technicianId: id,
      zone,
      openOrders: inHand?.openOrders ?? 0,
      at: await placeOf(tx, inHand?.unitId ?? null),
      hasDeclined: declined.has(id),
      skillUntilMs: validUntil === null ? null : Date.parse(validUntil),
    });
  }
  return candidates;
}

async function placeOf(tx: Tx, unitId: string | null): Promise<Place | null> {
  const site = unitId === null ? null : ((await unitCard(tx, unitId))?.site ?? null);
  if (site === null) return null;
  return { zone: site.zone, latitude: site.latitude, longitude: site.longitude };
}
