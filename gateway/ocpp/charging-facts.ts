import type { ConnectorStatus } from '#contracts/metrics.ts';

/** What is known of charging sessions from the log; asked rarely, and charging goes on while it does not answer. */
export interface ChargingFacts {
  /** Takes `count` consecutive ids that were never given out, and returns the first. */
  reserveTransactionIds(count: number): Promise<number>;
  /** The id that was promised for this start, if it has been reported before. */
  findTransaction(start: TransactionStart): Promise<number | null>;
  /** Where the transaction was started, ended or not; null for one that never was. */
  componentOfTransaction(deviceId: string, transactionId: number): Promise<string | null>;
  /** The last reported status and its time, by component. */
  connectorStatuses(deviceId: string): Promise<ReadonlyMap<string, ReportedStatus>>;
  /** Transactions that have not ended, by component. */
  openTransactions(deviceId: string): Promise<ReadonlyMap<string, OpenTransaction>>;
}

export interface ReportedStatus {
  readonly status: ConnectorStatus;
  readonly atMs: number;
}

export interface OpenTransaction {
  readonly transactionId: number;
  readonly startedAtMs: number;
}

export interface TransactionStart {
  readonly deviceId: string;
  readonly component: string;
  readonly startedAtMs: number;
  readonly meterStartWh: number;
}
