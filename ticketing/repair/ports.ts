import type { Tx } from '#platform/db/db.ts';
import type { TicketDeps } from '../tickets/index.ts';
import type { WorkOrderDeps } from '../work-orders/index.ts';

/** A playbook's step as it goes to the device. */
interface RemoteCommand {
  /** The same for the same step of the same run: a command known by it already is not sent again. */
  readonly id: string;
  readonly deviceId: string;
  readonly component: string;
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly timeoutMs: number;
  readonly ticketId: string;
  /** A user's id, or `system:repair`. */
  readonly requestedBy: string;
}

/** What tells devices to do something; its outcome comes back as `command.changed`. */
export interface RemoteCommands {
  /** Records the command in the caller's transaction: it goes on the wire only after the commit. */
  enqueue(tx: Tx, command: RemoteCommand): Promise<void>;
  /** Ends those that have not gone out yet, in the caller's transaction. */
  withdraw(tx: Tx, commandIds: readonly string[]): Promise<void>;
}

/** Whether a vehicle charges at a device. */
export interface ChargingState {
  isCharging(deviceId: string): Promise<boolean>;
}

/** What the end of a run takes. */
export interface RunDeps extends TicketDeps {
  readonly remoteCommands: RemoteCommands;
}

export interface RemoteDeps {
  readonly orders: WorkOrderDeps;
  readonly remoteCommands: RemoteCommands;
  readonly charging: ChargingState;
}
