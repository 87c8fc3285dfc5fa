import type { ColumnType, Selectable } from 'kysely';
import type { CommandStatus } from '#contracts/commands.ts';
import type { RemoteOutcome, RepairRunStatus } from '#contracts/playbooks.ts';
import type { NullableTimestamp, Timestamp } from '#platform/db/db.ts';

/** What a judgement rested on. */
export interface VerificationEvidence {
  readonly reason?: string;
  readonly loadedMs?: number;
  readonly alarmIds?: readonly string[];
  readonly recurredAtMs?: number;
}

export type RepairTables = {
  /** Of a work order or of a remote run; the id is the one's or the other's. */
  verification: {
    id: string;
    work_order_id: string | null;
    run_id: string | null;
    ticket_id: string;
    device_id: string;
    component: string;
    fault_family: string;
    window_from: Timestamp;
    window_until: Timestamp;
    state: 'pending' | 'verified' | 'recurred' | 'inconclusive';
    checked_at: NullableTimestamp;
    evidence: ColumnType<VerificationEvidence, string | undefined, string>;
  };
  repair_run: {
    id: string;
    ticket_id: string;
    unit_id: string;
    device_id: string;
    component: string;
    fault_family: string;
    playbook: string;
    status: RepairRunStatus;
    reason: string | null;
    started_by: string;
    started_at: Timestamp;
    ended_at: NullableTimestamp;
    waiting_since: NullableTimestamp;
    due_at: Timestamp;
  };
  repair_attempt: {
    run_id: string;
    step: number;
    try: number;
    command_id: string | null;
    command: string;
    args: ColumnType<Readonly<Record<string, unknown>>, string, string>;
    queued_at: Timestamp;
    command_status: CommandStatus | null;
    detail: string | null;
    changed_at: Timestamp;
    judged_at: NullableTimestamp;
    outcome: RemoteOutcome | null;
  };
};

export type VerificationRow = Selectable<RepairTables['verification']>;
export type RunRow = Selectable<RepairTables['repair_run']>;
export type AttemptRow = Selectable<RepairTables['repair_attempt']>;
