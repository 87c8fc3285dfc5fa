import type { Resolution, TicketStatus } from '#contracts/statuses.ts';
import { type Actor, actorId } from '#platform/auth/actor.ts';
import type { Tx } from '#platform/db/db.ts';
import { newId } from '#platform/ids.ts';
import { TICKET_MACHINE, type TicketAction, type TicketFacts } from '../core/ticket-machine.ts';
import { enforceMove } from '../enforce-move.ts';
import { startClocks, stopClocks, withdrawClocks } from '../sla/index.ts';
import { NO_ORDERS, type TicketDeps } from './ports.ts';
import type { TicketChange, TicketRow, TicketTables } from './tables.ts';

/** A closed ticket reopens when its fault is back within this time. */
export const REOPEN_WINDOW_MS = 24 * 3_600_000;

export interface TicketMove {
  readonly action: TicketAction;
  readonly actor: Actor;
  readonly reason?: string;
  readonly resolution?: Resolution;
  /** When it happened, where that was before now. */
  readonly occurredAtMs?: number;
  /** Further columns that change with the move. */
  readonly set?: TicketChange;
}

/**
 * Moves a ticket whose row the caller holds, with its timeline entry, audit record, event and clocks. Throws 409
 * or 422 (see enforceMove) and changes nothing then.
 */
export async function moveTicket(
  deps: TicketDeps,
  tx: Tx,
  { ticket, ...move }: TicketMove & { readonly ticket: TicketRow },
): Promise<TicketRow> {
  const nowMs = deps.clock.nowMs();
  const { action, actor } = move;
  const facts = await ticketFacts(deps, tx, { ticket, ...move });
  const to = enforceMove(TICKET_MACHINE, { id: ticket.number, state: ticket.status, action }, facts);
  const row = await tx
    .withTables<TicketTables>()
    .updateTable('ticket')
    .set({ ...move.set, ...stamps(to, move, nowMs) })
    .set((eb) => ({ status: to, version: eb('version', '+', 1) }))
    .where('id', '=', ticket.id)
    .returningAll()
    .executeTakeFirstOrThrow();
  await noteTicketEvent(tx, {
    ticketId: ticket.id,
    atMs: nowMs,
    action,
    from: ticket.status,
    to,
    actor,
    reason: move.reason ?? null,
  });
  await deps.audit.record(tx, {
    actor,
    action: `ticket.${action}`,
    entity: 'ticket',
    entityId: ticket.id,
    fields: { status: { from: ticket.status, to } },
  });
  await deps.outbox.publish(tx, [
    { type: 'ticket.changed', data: { ticketId: ticket.id, from: ticket.status, to } },
  ]);
  await settleClocks(deps, tx, { row, atMs: move.occurredAtMs ?? nowMs });
  if (ticket.status === 'in_progress' && to !== 'in_progress') {
    await deps.repairs.abort(tx, { ticketId: row.id, reason: `ticket_${to}`, actor });
  }
  return row;
}

/** Moves whose guards ask for the state of the work. */
const ENDS: readonly TicketAction[] = ['release', 'resolve', 'close', 'self_clear'];

/** What the guards of a ticket's move look at now. */
export async function ticketFacts(
  deps: TicketDeps,
  tx: Tx,
  { ticket, ...move }: { readonly ticket: TicketRow } & Pick<TicketMove, 'action' | 'reason' | 'resolution'>,
): Promise<TicketFacts> {
  const summaries = ENDS.includes(move.action) ? await deps.orders.summarise(tx, [ticket.id]) : null;
  const orders = summaries?.get(ticket.id) ?? NO_ORDERS;
  const isWatched = ticket.resolved_at !== null && (await deps.repairs.isWatched(tx, ticket.id));
  const closedMs = ticket.closed_at === null ? 0 : deps.clock.nowMs() - ticket.closed_at;
  return {
    awaitsReadBack: ticket.awaits_read_back,
    resolution: move.resolution ?? ticket.resolution,
    reason: move.reason ?? null,
    openOrders: orders.unfinished,
    unsignedOrders: orders.unsigned,
    verificationPending: orders.verificationPending > 0 || isWatched,
    withinReopenWindow: closedMs <= REOPEN_WINDOW_MS,
  };
}

function stamps(to: TicketStatus, move: Omit<TicketMove, 'actor'>, nowMs: number): TicketChange {
  const at = new Date(move.occurredAtMs ?? nowMs);
  if (to === 'resolved') return { resolved_at: at, resolution: move.resolution ?? null };
  if (to === 'closed') {
    const resolved = move.resolution === undefined ? {} : { resolution: move.resolution, resolved_at: at };
    return { closed_at: new Date(nowMs), ...resolved };
  }
  if (to === 'cancelled') return { closed_at: new Date(nowMs) };
  return move.action === 'reopen' ? { resolved_at: null, closed_at: null, resolution: null } : {};
}

async function settleClocks(
  { outbox, clock }: TicketDeps,
  tx: Tx,
  { row, atMs }: { readonly row: TicketRow; readonly atMs: number },
): Promise<void> {
  const on = { ticketId: row.id };
  if (row.status === 'resolved' || row.status === 'closed') {
    await stopClocks({ outbox, nowMs: clock.nowMs() }, tx, { kinds: ['T5'], on, atMs });
  }
  if (row.status === 'resolved' && row.resolution === 'remote') {
    await startClocks(tx, [{ kind: 'T9', ticketId: row.id, workOrderId: null, startedAtMs: atMs }]);
  }
  if (row.status === 'closed' || row.status === 'cancelled' || row.status === 'merged') {
    await withdrawClocks({ outbox }, tx, { kinds: ['T1', 'T2', 'T5'], on, atMs });
  }
}

export interface TicketEventNote {
  readonly ticketId: string;
  readonly atMs: number;
  readonly action: string;
  readonly from: TicketStatus | null;
  readonly to: TicketStatus | null;
  readonly actor: Actor;
  readonly reason: string | null;
}

/** An entry in the ticket's timeline. */
export async function noteTicketEvent(tx: Tx, note: TicketEventNote): Promise<void> {
  await tx
    .withTables<TicketTables>()
    .insertInto('ticket_event')
    .values({
      id: newId(),
      ticket_id: note.ticketId,
      at: new Date(note.atMs),
      action: note.action,
      from_status: note.from,
      to_status: note.to,
      actor: actorId(note.actor),
      reason: note.reason,
    })
    .execute();
}

/** A ticket, held until the transaction ends; undefined where there is none. */
export async function lockTicket(tx: Tx, id: string): Promise<TicketRow | undefined> {
  return tx
    .withTables<TicketTables>()
    .selectFrom('ticket')
    .selectAll()
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
}

/** Somebody has taken notice: the first human acknowledgement stops T1 and T2. */
export async function acknowledgeTicket(
  { outbox, clock }: Pick<TicketDeps, 'outbox' | 'clock'>,
  tx: Tx,
  { ticketId, atMs }: { readonly ticketId: string; readonly atMs: number },
): Promise<void> {
  await tx
    .withTables<TicketTables>()
    .updateTable('ticket')
    .set({ acknowledged_at: new Date(atMs) })
    .where('id', '=', ticketId)
    .where('acknowledged_at', 'is', null)
    .execute();
  await stopClocks({ outbox, nowMs: clock.nowMs() }, tx, {
    kinds: ['T1', 'T2'],
    on: { ticketId },
    atMs,
  });
}
