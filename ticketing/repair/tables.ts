import type { ColumnType, Selectable } from 'kysely';
import type { NullableTimestamp, Timestamp } from '#platform/db/db.ts';

/** What a judgement rested on. */
export interface VerificationEvidence {
  readonly reason?: string;
  readonly loadedMs?: number;
  readonly alarmIds?: readonly string[];
  readonly recurredAtMs?: number;
}

export type RepairTables = {
  verification: {
    work_order_id: string;
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
};

export type VerificationRow = Selectable<RepairTables['verification']>;
