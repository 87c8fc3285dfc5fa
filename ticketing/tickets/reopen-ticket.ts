import type { EventMap } from '#contracts/events.ts';
import type { Actor } from '#platform/auth/actor.ts';
import type { Tx } from '#platform/db/db.ts';
import { move } from '../core/state-machine.ts';
import { TICKET_MACHINE } from '../core/ticket-machine.ts';
import { startClocks, withdrawClocks } from '../sla/index.ts';
import { openTicketsOf } from './match-ticket.ts';
import { moveTicket, ticketFacts } from './move-ticket.ts';
import type { TicketDeps } from './ports.ts';
import type { TicketRow } from './tables.ts';

/**
 * A fault that is back: the ticket is in progress again under a new order, offered first to whoever repaired it.
 * Inside the verification window it counts against that repair. No alarm: the customer says so.
 */
export async function reopenTicket(
  deps: TicketDeps,
  tx: Tx,
  {
    ticket,
    alarm,
    actor,
  }: {
    readonly ticket: TicketRow;
    readonly alarm: Pick<EventMap['alarm.raised'], 'raisedAtMs'> & { readonly alarmId: string | null };
    readonly actor: Actor;
  },
): Promise<TicketRow> {
  const preferTechnicianId = await deps.orders.recurred(tx, {
    ticketId: ticket.id,
    alarmId: alarm.alarmId,
    atMs: alarm.raisedAtMs,
  });
  const reason = alarm.alarmId === null ? 'customer_unsatisfied' : 'fault_recurred';
  const row = await moveTicket(deps, tx, { ticket, action: 'reopen', actor, reason });
  await withdrawClocks(deps, tx, { kinds: ['T9'], on: { ticketId: row.id }, atMs: deps.clock.nowMs() });
  await startClocks(tx, [{ kind: 'T5', ticketId: row.id, workOrderId: null, startedAtMs: alarm.raisedAtMs }]);
  await deps.orders.open(tx, { ticket: row, kind: 'repair', preferTechnicianId });
  return row;
}

/**
 * Whether a held ticket may be reopened now: its work is done or it closed lately, and no other ticket has the
 * fault.
 */
export async function canReopen(deps: TicketDeps, tx: Tx, ticket: TicketRow): Promise<boolean> {
  const facts = await ticketFacts(deps, tx, { ticket, action: 'reopen' });
  const { outcome } = move(TICKET_MACHINE, { state: ticket.status, action: 'reopen' }, facts);
  if (outcome !== 'moved' || ticket.status !== 'closed' || ticket.fault_key === null)
    return outcome === 'moved';
  return (await openTicketsOf(tx, [ticket.fault_key])).size === 0;
}
