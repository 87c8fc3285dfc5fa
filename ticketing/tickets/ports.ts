import type { WorkOrderKind } from '#contracts/statuses.ts';
import type { Audit } from '#platform/audit/audit.ts';
import type { Clock } from '#platform/clock.ts';
import type { Db, Tx } from '#platform/db/db.ts';
import type { Outbox } from '#platform/outbox/outbox.ts';
import type { TicketRow } from './tables.ts';

/** What a ticket must know of its work orders. */
export interface OrderSummary {
  readonly ids: readonly string[];
  /** Work still to be done. */
  readonly unfinished: number;
  /** Beyond `planned`: somebody has been sent. */
  readonly sent: number;
  /** Done but without the customer's signature or refusal. */
  readonly unsigned: number;
  readonly verificationPending: number;
}

/** A fault that is back: by which alarm or report, or (null) because the customer says so. */
export interface Recurrence {
  readonly ticketId: string;
  readonly alarmId: string | null;
  readonly atMs: number;
}

/** The ticket's side of work orders. */
export interface TicketOrders {
  /** Opens an order for a ticket whose row the caller holds. */
  open(tx: Tx, order: NewTicketOrder): Promise<string>;
  /** A summary for each ticket that has orders. */
  summarise(db: Db | Tx, ticketIds: readonly string[]): Promise<ReadonlyMap<string, OrderSummary>>;
  /** Cancels what nobody has been sent to (or, with `all`, everything unfinished). */
  cancel(tx: Tx, cancel: { ticketId: string; reason: string; all: boolean }): Promise<void>;
  /** A repaired fault is back inside its verification window: who repaired it, or null. */
  recurred(tx: Tx, recurrence: Recurrence): Promise<string | null>;
}

export interface NewTicketOrder {
  readonly ticket: TicketRow;
  readonly kind: WorkOrderKind;
  readonly preferTechnicianId: string | null;
}

export interface TicketDeps {
  readonly db: Db;
  readonly outbox: Outbox;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly orders: TicketOrders;
}

export const NO_ORDERS: OrderSummary = {
  ids: [],
  unfinished: 0,
  sent: 0,
  unsigned: 0,
  verificationPending: 0,
};
