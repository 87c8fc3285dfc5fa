import { sql } from 'kysely';
import type { HoldReason } from '#contracts/work-orders.ts';
import type { Actor } from '#platform/auth/actor.ts';
import type { Tx } from '#platform/db/db.ts';
import { listDispatchable } from '../people/index.ts';
import { unitCard } from '../units/index.ts';
import {
  lockOrder,
  moveOrder,
  plainMove,
  type WorkOrderDeps,
  type WorkOrderRow,
} from '../work-orders/index.ts';
import { type Candidate, chooseTechnician, type Place } from './core/score.ts';
import { declinedBy, recordScore } from './dispatch-records.ts';

const ACTOR: Actor = { type: 'system', name: 'dispatch' };
const AHEAD_MS = 3 * 86_400_000;

/**
 * Sends the best technician to an order that is planned and due, or leaves it planned with the reason. An order
 * that another process sent meanwhile is left alone: its row decides.
 */
export async function dispatchOrder(deps: WorkOrderDeps, tx: Tx, orderId: string): Promise<void> {
  const order = await lockOrder(tx, orderId);
  if (order === undefined || order.status !== 'planned') return;
  const atMs = deps.clock.nowMs();
  if (order.due_at !== null && order.due_at > atMs + AHEAD_MS) return hold(tx, order, 'not_due');
  const candidates = await candidatesFor(tx, order, atMs);
  const { skill, priority, is_emergency: isEmergency, prefer_technician_id: preferTechnicianId } = order;
  const place = await placeOf(tx, order.unit_id);
  const choice = chooseTechnician(
    { skill, priority, isEmergency, place, preferTechnicianId, atMs },
    candidates,
  );
  if (choice.outcome === 'held') return hold(tx, order, choice.reason);
  const { best } = choice;
  await moveOrder(deps, tx, {
    ...plainMove({ order, action: 'assign', actor: ACTOR, atMs: Math.max(atMs, order.last_step_at) }),
    change: { technician_id: best.technicianId, hold_reason: null },
  });
  await recordScore(tx, order.id, best);
}

async function hold(tx: Tx, order: WorkOrderRow, reason: HoldReason): Promise<void> {
  if (order.hold_reason === reason) return;
  await sql`update work_order set hold_reason = ${reason}, version = version + 1 where id = ${order.id}`.execute(
    tx,
  );
}

async function candidatesFor(tx: Tx, order: WorkOrderRow, atMs: number): Promise<Candidate[]> {
  const technicians = await listDispatchable(tx, { skill: order.skill, atMs });
  const declined = await declinedBy(tx, order.id);
  const work = await workInHand(
    tx,
    technicians.map(({ id }) => id),
  );
  return technicians.map(({ id, zone, skills }) => {
    const validUntil = skills.find(({ skill }) => skill === order.skill)?.validUntil ?? null;
    const { openOrders, at } = work.get(id) ?? { openOrders: 0, at: null };
    return {
      technicianId: id,
      zone,
      openOrders,
      at,
      hasDeclined: declined.has(id),
      skillUntilMs: validUntil === null ? null : Date.parse(validUntil),
    };
  });
}

interface WorkInHand {
  readonly openOrders: number;
  readonly at: Place | null;
}

/** How much each technician has to do, and where the order is that they are furthest with. */
async function workInHand(tx: Tx, ids: readonly string[]): Promise<ReadonlyMap<string, WorkInHand>> {
  if (ids.length === 0) return new Map();
  const { rows } = await sql<{ technician_id: string; open: number; unit_id: string | null }>`
    select technician_id, count(*) as open,
      (array_agg(unit_id order by last_step_at desc) filter (where status in
        ('en_route', 'on_site', 'diagnosed', 'repairing')))[1] as unit_id
    from work_order
    where technician_id = any(${[...ids]}::uuid[])
      and status in ('dispatched', 'accepted', 'contacted', 'appointed', 'en_route', 'on_site', 'diagnosed',
        'waiting_consent', 'waiting_parts', 'repairing')
    group by technician_id`.execute(tx);
  const work = new Map<string, WorkInHand>();
  for (const { technician_id, open, unit_id } of rows) {
    work.set(technician_id, { openOrders: open, at: await placeOf(tx, unit_id) });
  }
  return work;
}

async function placeOf(tx: Tx, unitId: string | null): Promise<Place | null> {
  const site = unitId === null ? null : ((await unitCard(tx, unitId))?.site ?? null);
  if (site === null) return null;
  return { zone: site.zone, latitude: site.latitude, longitude: site.longitude };
}
