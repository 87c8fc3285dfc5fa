import type { Audit } from '#platform/audit/audit.ts';
import type { Clock } from '#platform/clock.ts';
import type { Db, Tx } from '#platform/db/db.ts';
import type { Migrations } from '#platform/db/migrate.ts';
import type { Routes } from '#platform/http/routes.ts';
import type { Jobs } from '#platform/jobs/jobs.ts';
import type { Consumer, Outbox } from '#platform/outbox/outbox.ts';
import {
  createDispatchConsumer,
  createDispatchRecords,
  DISPATCH_MIGRATIONS,
  dispatchRoutes,
  sweepPlannedOrders,
} from './dispatch/index.ts';
import {
  advanceRuns,
  type ChargingState,
  createCommandConsumer,
  createTicketRepairs,
  createVerificationRecords,
  type Load,
  noteRecurrence,
  REPAIR_MIGRATIONS,
  type RemoteCommands,
  remoteRepairRoutes,
  verifyRepairs,
} from './repair/index.ts';
import { REQUEST_MIGRATIONS, requestRoutes } from './requests/index.ts';
import { defineSlaJobs, SLA_MIGRATIONS } from './sla/index.ts';
import {
  closeSelfCleared,
  createTicketConsumer,
  TICKET_MIGRATIONS,
  type TicketDeps,
  type TicketOrders,
  ticketOfAlarms,
  ticketRoutes,
} from './tickets/index.ts';
import {
  cancelOrders,
  type LostSkill,
  type MaintenanceOrder,
  openMaintenanceOrder,
  openTicketOrder,
  releaseUncertified,
  summariseOrders,
  WORK_ORDER_MIGRATIONS,
  type WorkOrderDeps,
  workOrderRoutes,
} from './work-orders/index.ts';

export interface DeskDeps {
  readonly db: Db;
  readonly outbox: Outbox;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly load: Load;
  readonly remoteCommands: RemoteCommands;
  readonly charging: ChargingState;
}

/** From a report to the proof of its repair: requests, tickets, work orders, dispatch, clocks, verification. */
export interface Desk {
  readonly routes: readonly Routes[];
  readonly consumers: readonly Consumer[];
  /** Names the desk's jobs and sweeps; before `jobs.start`. */
  defineJobs(jobs: Jobs): void;
  /** Opens a maintenance plan's order, or moves the due date of the one that is open. */
  openMaintenanceOrder(tx: Tx, order: MaintenanceOrder): Promise<{ workOrderId: string }>;
  /** Takes orders back from whoever has lost the skill they need (requirement O3). */
  releaseUncertified(tx: Tx, lost: LostSkill): Promise<void>;
  /** The ticket each of these alarms is on. */
  ticketOfAlarms(db: Db | Tx, alarmIds: readonly string[]): Promise<ReadonlyMap<string, string>>;
}

export const DESK_MIGRATIONS: Migrations = {
  ...TICKET_MIGRATIONS,
  ...WORK_ORDER_MIGRATIONS,
  ...REQUEST_MIGRATIONS,
  ...DISPATCH_MIGRATIONS,
  ...SLA_MIGRATIONS,
  ...REPAIR_MIGRATIONS,
};

const SELF_CLEAR_SWEEP_MS = 10_000;
const DISPATCH_SWEEP_MS = 30_000;
const VERIFY_SWEEP_MS = 5_000;
const REMOTE_SWEEP_MS = 2_000;

export function createDesk(deps: DeskDeps): Desk {
  const orders = createOrderDeps(deps);
  const { tickets } = orders;
  return {
    routes: [
      requestRoutes(tickets),
      ticketRoutes(tickets),
      remoteRepairRoutes({ ...tickets, remoteCommands: deps.remoteCommands }),
      workOrderRoutes(orders),
      dispatchRoutes(orders),
    ],
    consumers: [createTicketConsumer(tickets), createDispatchConsumer(orders), createCommandConsumer(deps)],
    defineJobs: (jobs) => {
      defineSlaJobs({ ...deps, jobs });
      jobs.every('tickets.self_clear', SELF_CLEAR_SWEEP_MS, () => closeSelfCleared(tickets));
      jobs.every('dispatch.sweep', DISPATCH_SWEEP_MS, () => sweepPlannedOrders(orders));
      jobs.every('repair.remote', REMOTE_SWEEP_MS, () => advanceRuns({ ...deps, orders }));
      jobs.every('repair.verify', VERIFY_SWEEP_MS, () => verifyRepairs({ orders, load: deps.load }));
    },
    openMaintenanceOrder: (tx, order) => openMaintenanceOrder(orders, tx, order),
    releaseUncertified: (tx, lost) => releaseUncertified(orders, tx, lost),
    ticketOfAlarms,
  };
}

/** Tickets and work orders know each other by ports; this is where they meet. */
function createOrderDeps({ db, outbox, audit, clock, remoteCommands }: DeskDeps): WorkOrderDeps {
  const ticketOrders: TicketOrders = {
    open: (tx, order) => openTicketOrder(orders, tx, order),
    summarise: summariseOrders,
    cancel: (tx, cancel) => cancelOrders(orders, tx, cancel),
    recurred: (tx, recurrence) => noteRecurrence(orders, tx, recurrence),
  };
  const repairs = createTicketRepairs(() => ({ ...tickets, remoteCommands }));
  const tickets: TicketDeps = { db, outbox, audit, clock, orders: ticketOrders, repairs };
  const orders: WorkOrderDeps = {
    db,
    outbox,
    audit,
    clock,
    tickets,
    dispatches: createDispatchRecords(),
    verification: createVerificationRecords(),
  };
  return orders;
}
