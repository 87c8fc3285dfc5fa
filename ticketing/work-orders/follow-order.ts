import { UNSPECIFIED_FAMILY } from '#contracts/faults.ts';
import { type Actor, actorId } from '#platform/auth/actor.ts';
import type { Tx } from '#platform/db/db.ts';
import { lockTicket, moveTicket, type TicketRow } from '../tickets/index.ts';
import type { OrderMove } from './move-order.ts';
import type { WorkOrderDeps } from './ports.ts';
import type { WorkOrderRow, WorkOrderTables } from './tables.ts';

interface Moved {
  readonly before: WorkOrderRow;
  readonly row: WorkOrderRow;
  readonly move: OrderMove;
}

/** What else an order's move sets going: its assignment's answer, its verification, its ticket. */
export async function followOrder(deps: WorkOrderDeps, tx: Tx, moved: Moved): Promise<WorkOrderRow> {
  await followAssignment(deps, tx, moved);
  const ticket = moved.row.ticket_id === null ? undefined : await lockTicket(tx, moved.row.ticket_id);
  if (ticket === undefined) return moved.row;
  if (moved.move.action !== 'test') {
    await followWithTicket(deps, tx, { ...moved, ticket });
    return moved.row;
  }
  const row = await startVerification(deps, tx, { ...moved, ticket });
  await followWithTicket(deps, tx, { ...moved, row, ticket });
  return row;
}

async function followAssignment(deps: WorkOrderDeps, tx: Tx, moved: Moved): Promise<void> {
  const { before, row, move } = moved;
  const { actor, atMs, reason } = move;
  const answer = answerOf(moved);
  if (answer !== null) await deps.dispatches.answered(tx, { orderId: row.id, answer, atMs, reason });
  if (answer === 'declined') {
    const { id: workOrderId, ticket_id: ticketId } = row;
    await deps.outbox.publish(tx, [
      {
        type: 'work_order.declined',
        data: { workOrderId, ticketId, technicianId: before.technician_id, reason },
      },
    ]);
  }
  if (move.action === 'assign' || move.action === 'reassign') {
    await deps.dispatches.assigned(tx, { order: row, decidedBy: actorId(actor), atMs });
  }
}

/** What the move says of the assignment that was in force. */
function answerOf({ before, row, move: { action } }: Moved): 'accepted' | 'declined' | 'withdrawn' | null {
  if (action === 'accept') return 'accepted';
  if (action === 'decline') return 'declined';
  const isTakenAway = before.technician_id !== null && before.technician_id !== row.technician_id;
  return isTakenAway ? 'withdrawn' : null;
}

/** A repaired fault that the unit itself can show is watched; others have nothing to be verified by. */
async function startVerification(
  deps: WorkOrderDeps,
  tx: Tx,
  { row, move, ticket }: Moved & { readonly ticket: TicketRow },
): Promise<WorkOrderRow> {
  const family = ticket.fault_family;
  if (row.kind !== 'repair' || row.device_id === null || family === UNSPECIFIED_FAMILY) return row;
  await deps.verification.start(tx, { order: row, faultFamily: family, fromMs: move.atMs });
  return tx
    .withTables<WorkOrderTables>()
    .updateTable('work_order')
    .set({ verification: 'pending' })
    .where('id', '=', row.id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

async function followWithTicket(
  deps: WorkOrderDeps,
  tx: Tx,
  { row, move, ticket }: Moved & { readonly ticket: TicketRow },
): Promise<void> {
  const { actor, atMs } = move;
  if (move.action === 'assign' && ticket.status === 'assessed') {
    await moveTicket(deps.tickets, tx, { ticket, action: 'start', actor });
  }
  if (move.action === 'test' && ticket.status === 'in_progress') {
    const summary = await deps.tickets.orders.summarise(tx, [ticket.id]);
    if ((summary.get(ticket.id)?.unfinished ?? 0) > 0) return;
    const resolution = row.kind === 'maintenance' ? 'maintenance' : 'onsite';
    await moveTicket(deps.tickets, tx, { ticket, action: 'resolve', actor, resolution, occurredAtMs: atMs });
  }
  if (move.action === 'cancel' && actor.type === 'user') await giveBack(deps, tx, { ticket, actor });
  if (move.action === 'sign') await settleTicket(deps, tx, { ticketId: ticket.id, actor });
}

/** A ticket whose last work somebody has cancelled is assessed again: it waits for somebody to open new work, or to end it. */
async function giveBack(
  deps: WorkOrderDeps,
  tx: Tx,
  { ticket, actor }: { readonly ticket: TicketRow; readonly actor: Actor },
): Promise<void> {
  if (ticket.status !== 'in_progress') return;
  const summary = (await deps.tickets.orders.summarise(tx, [ticket.id])).get(ticket.id);
  if (summary === undefined || summary.unfinished > 0 || summary.sent > 0) return;
  const { remoteRuns } = await deps.tickets.repairs.ofTicket(tx, ticket.id);
  if (remoteRuns.some(({ endedAt }) => endedAt === null)) return;
  await moveTicket(deps.tickets, tx, { ticket, action: 'release', actor, reason: 'work_cancelled' });
}

/** Closes a ticket whose work is done, signed and verified; verifying while only the proof is missing. */
export async function settleTicket(
  deps: WorkOrderDeps,
  tx: Tx,
  { ticketId, actor }: { readonly ticketId: string; readonly actor: Actor },
): Promise<void> {
  const ticket = await lockTicket(tx, ticketId);
  if (ticket === undefined || (ticket.status !== 'resolved' && ticket.status !== 'verifying')) return;
  const summary = (await deps.tickets.orders.summarise(tx, [ticketId])).get(ticketId);
  if (summary !== undefined && (summary.unfinished > 0 || summary.unsigned > 0)) return;
  const isWatched =
    (summary?.verificationPending ?? 0) > 0 || (await deps.tickets.repairs.isWatched(tx, ticketId));
  if (!isWatched) {
    await moveTicket(deps.tickets, tx, { ticket, action: 'close', actor });
  } else if (ticket.status === 'resolved') {
    await moveTicket(deps.tickets, tx, { ticket, action: 'verify', actor });
  }
}
