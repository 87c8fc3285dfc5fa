import { type SqlBool, sql } from 'kysely';
import type { Actor } from '#platform/auth/actor.ts';
import { forEach } from '../for-each.ts';
import { lockTicket, moveTicket } from './move-ticket.ts';
import { NO_ORDERS, type TicketDeps } from './ports.ts';
import type { TicketTables } from './tables.ts';

/** How long a fault stays away before its ticket, with nobody sent, closes by itself. */
const HOLD_MS = 600_000;
const ACTOR: Actor = { type: 'system', name: 'ticketing' };

/** Closes tickets whose every alarm has returned for the hold time, unless somebody was sent. */
export async function closeSelfCleared(deps: TicketDeps): Promise<void> {
  const due = sql<SqlBool>`cleared_at <= ${new Date(deps.clock.nowMs() - HOLD_MS)}`;
  const rows = await deps.db
    .withTables<TicketTables>()
    .selectFrom('ticket')
    .select('id')
    .where('status', 'in', ['open', 'assessed'])
    .where(due)
    .limit(500)
    .execute();
  await forEach(rows, ({ id }) => closeOne(deps, id)).finally(() => deps.outbox.wake());
}

async function closeOne(deps: TicketDeps, id: string): Promise<void> {
  await deps.db.transaction().execute(async (tx) => {
    const ticket = await lockTicket(tx, id);
    if (ticket === undefined || ticket.cleared_at === null) return;
    if (ticket.status !== 'open' && ticket.status !== 'assessed') return;
    const orders = (await deps.orders.summarise(tx, [id])).get(id) ?? NO_ORDERS;
    if (orders.sent > 0) return;
    await deps.orders.cancel(tx, { ticketId: id, reason: 'self_cleared', all: false });
    await moveTicket(deps, tx, {
      ticket,
      action: 'self_clear',
      actor: ACTOR,
      reason: 'self_cleared',
      resolution: 'self_cleared',
      occurredAtMs: ticket.cleared_at,
    });
  });
}
