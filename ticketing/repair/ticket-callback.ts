import { instantMs } from '#contracts/time.ts';
import type { Actor } from '#platform/auth/actor.ts';
import type { Tx } from '#platform/db/db.ts';
import { AftercareError, invalidField } from '#platform/errors.ts';
import { clocksOf, stopClocks } from '../sla/index.ts';
import {
  canReopen,
  noteTicketEvent,
  reopenTicket,
  type TicketDeps,
  type TicketRow,
} from '../tickets/index.ts';
import type { CallbackBody } from './http.ts';

/**
 * The call after a remote repair (requirement I1), where no work order takes it: it stops the ticket's own T9. A
 * customer who is not satisfied reopens the ticket. The caller holds unit and ticket.
 */
export async function recordTicketCallback(
  deps: TicketDeps,
  tx: Tx,
  { ticket, actor, body }: { readonly ticket: TicketRow; readonly actor: Actor; readonly body: CallbackBody },
): Promise<void> {
  const { id: ticketId, status } = ticket;
  const nowMs = deps.clock.nowMs();
  await requireCallbackDue(tx, ticket);
  const atMs = body.occurredAt === undefined ? nowMs : instantMs(body.occurredAt);
  if (atMs > nowMs || atMs < (ticket.resolved_at ?? 0)) {
    throw invalidField('REPAIR_OCCURRED_AT_IMPLAUSIBLE', 'occurredAt', 'lies before the repair or ahead');
  }
  await stopClocks({ outbox: deps.outbox, nowMs }, tx, { kinds: ['T9'], on: { ticketId }, atMs });
  await noteTicketEvent(tx, {
    ticketId,
    atMs,
    action: 'callback',
    from: status,
    to: status,
    actor,
    reason: body.text,
  });
  await deps.audit.record(tx, { actor, action: 'ticket.callback', entity: 'ticket', entityId: ticketId });
  if (body.satisfied || !(await canReopen(deps, tx, ticket))) return;
  await reopenTicket(deps, tx, { ticket, alarm: { alarmId: null, raisedAtMs: atMs }, actor });
}

async function requireCallbackDue(tx: Tx, { id, number }: TicketRow): Promise<void> {
  const clocks = await clocksOf(tx, { ticketId: id });
  const isDue = clocks.some(
    ({ kind, workOrderId, stoppedAt }) => kind === 'T9' && workOrderId === null && stoppedAt === null,
  );
  if (isDue) return;
  throw new AftercareError('REPAIR_NO_CALLBACK_DUE', `ticket ${number} awaits no callback of its own`, {
    kind: 'conflict',
  });
}
