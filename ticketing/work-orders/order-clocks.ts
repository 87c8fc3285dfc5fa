import type { Tx } from '#platform/db/db.ts';
import { startClocks, stopClocks, withdrawClocks } from '../sla/index.ts';
import { acknowledgeTicket } from '../tickets/index.ts';
import type { OrderMove } from './move-order.ts';
import type { WorkOrderDeps } from './ports.ts';
import type { WorkOrderRow } from './tables.ts';

interface Moved {
  readonly before: WorkOrderRow;
  readonly row: WorkOrderRow;
  readonly move: OrderMove;
}

/**
 * T6 runs from dispatch to the logged contact, T9 from the passed test to the recorded callback; a technician who
 * accepts is the first human who takes notice of the ticket.
 */
export async function settleOrderClocks(deps: WorkOrderDeps, tx: Tx, { row, move }: Moved): Promise<void> {
  const on = { workOrderId: row.id };
  const subject = { ticketId: row.ticket_id, workOrderId: row.id, startedAtMs: move.atMs };
  switch (move.action) {
    case 'assign':
    case 'reassign':
      await withdrawClocks(deps, tx, { kinds: ['T6'], on, atMs: move.atMs });
      return startClocks(tx, [{ ...subject, kind: 'T6' }]);
    case 'decline':
    case 'withdraw':
    case 'cancel':
      return withdrawClocks(deps, tx, { kinds: ['T6'], on, atMs: move.atMs });
    case 'accept':
      if (row.ticket_id === null || move.actor.type !== 'user') return;
      return acknowledgeTicket(deps, tx, { ticketId: row.ticket_id, atMs: move.atMs });
    case 'contact':
      return stopClocks({ outbox: deps.outbox, nowMs: deps.clock.nowMs() }, tx, {
        kinds: ['T6'],
        on,
        atMs: move.atMs,
      });
    case 'test':
      return startClocks(tx, [{ ...subject, kind: 'T9' }]);
    default:
      return;
  }
}
