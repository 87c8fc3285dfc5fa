import type { Static } from 'typebox';
import type { DispatchRecord, WorkOrderDetail } from '#contracts/work-orders.ts';
import type { Audit } from '#platform/audit/audit.ts';
import type { Clock } from '#platform/clock.ts';
import type { Db, Tx } from '#platform/db/db.ts';
import type { Outbox } from '#platform/outbox/outbox.ts';
import type { TicketDeps } from '../tickets/index.ts';
import type { WorkOrderRow } from './tables.ts';

/** An order's assignments: who was offered it, and what they answered. */
export interface OrderDispatches {
  assigned(tx: Tx, dispatch: { order: WorkOrderRow; decidedBy: string; atMs: number }): Promise<void>;
  answered(
    tx: Tx,
    answer: {
      orderId: string;
      answer: 'accepted' | 'declined' | 'withdrawn';
      atMs: number;
      reason: string | null;
    },
  ): Promise<void>;
  ofOrder(db: Db | Tx, orderId: string): Promise<Static<typeof DispatchRecord>[]>;
}

/** Proof of a repair by what the unit reports afterwards. */
export interface OrderVerification {
  start(tx: Tx, verification: { order: WorkOrderRow; faultFamily: string; fromMs: number }): Promise<void>;
  ofOrder(db: Db | Tx, orderId: string): Promise<WorkOrderDetail['verificationEvidence']>;
}

export interface WorkOrderDeps {
  readonly db: Db;
  readonly outbox: Outbox;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly tickets: TicketDeps;
  readonly dispatches: OrderDispatches;
  readonly verification: OrderVerification;
}
