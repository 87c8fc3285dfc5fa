import type { WorkOrderKind } from '#contracts/statuses.ts';
import type { TicketDetail } from '#contracts/tickets.ts';
import type { Audit } from '#platform/audit/audit.ts';
import type { Actor } from '#platform/auth/actor.ts';
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

/** The ticket's side of remote repair. */
export interface TicketRepairs {
  /**
   * Begins the playbook of a ticket just assessed by a machine, whose row and unit the caller holds. Null: somebody
   * must go; why no remote repair was tried stands in the timeline.
   */
  begin(tx: Tx, ticket: TicketRow): Promise<TicketRow | null>;
  /** Ends a run under way, if there is one. The caller holds the ticket. */
  abort(tx: Tx, end: { ticketId: string; reason: string; actor: Actor }): Promise<void>;
  /** Alarms of these tickets have returned. The caller holds the tickets. */
  returned(tx: Tx, ticketIds: readonly string[]): Promise<void>;
  /** Whether a remote repair of the ticket is still being watched. */
  isWatched(db: Db | Tx, ticketId: string): Promise<boolean>;
  ofTicket(db: Db | Tx, ticketId: string): Promise<Pick<TicketDetail, 'remoteRuns' | 'remoteAttempts'>>;
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
  readonly repairs: TicketRepairs;
}

export const NO_ORDERS: OrderSummary = {
  ids: [],
  unfinished: 0,
  sent: 0,
  unsigned: 0,
  verificationPending: 0,
};
