import { sql } from 'kysely';
import type { Actor } from '#platform/auth/actor.ts';
import type { Tx } from '#platform/db/db.ts';
import { moveOrder, plainMove } from './move-order.ts';
import { handOver } from './order-actions.ts';
import type { WorkOrderDeps } from './ports.ts';
import { holderOf, isCertified } from './require-sendable.ts';
import type { WorkOrderTables } from './tables.ts';
import { lockOrder } from './ticket-orders.ts';

/** A skill that a technician or a centre has just lost. */
export interface LostSkill {
  readonly technicianId: string | null;
  readonly centreId: string | null;
  readonly skill: string;
}

const ACTOR: Actor = { type: 'system', name: 'ticketing' };
const RELEASED = ['dispatched', 'accepted'] as const;

/**
 * Takes back the orders that nobody has called the customer about yet from whoever may not do them any more: they
 * are planned again. An order further on stays, and cannot set out or arrive.
 */
export async function releaseUncertified(deps: WorkOrderDeps, tx: Tx, lost: LostSkill): Promise<void> {
  const rows = await tx
    .withTables<WorkOrderTables>()
    .selectFrom('work_order')
    .select('id')
    .where('skill', '=', lost.skill)
    .where('status', 'in', RELEASED)
    .where((eb) =>
      eb.or([
        eb('technician_id', '=', sql<string>`${lost.technicianId}::uuid`),
        eb('centre_id', '=', sql<string>`${lost.centreId}::uuid`),
      ]),
    )
    .orderBy('ticket_id')
    .orderBy('id')
    .execute();
  for (const { id } of rows) await release(deps, tx, id);
}

async function release(deps: WorkOrderDeps, tx: Tx, id: string): Promise<void> {
  const order = await lockOrder(tx, id);
  if (order === undefined || !RELEASED.some((status) => status === order.status)) return;
  const nowMs = deps.clock.nowMs();
  const holder = await holderOf(tx, order, nowMs);
  if (holder === undefined || isCertified(holder)) return;
  const atMs = Math.max(nowMs, order.last_step_at);
  await moveOrder(deps, tx, {
    ...plainMove({ order, action: 'withdraw', actor: ACTOR, atMs }),
    change: handOver(null),
    reason: 'certificate_revoked',
  });
}
