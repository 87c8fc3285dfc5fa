import type { ColumnType, Selectable } from 'kysely';
import type { SlaPolicy } from '#contracts/sla.ts';
import type { NullableTimestamp, Timestamp } from '#platform/db/db.ts';
import type { RunningClockKind } from './core/clock.ts';

export type SlaTables = {
  sla_clock: {
    id: string;
    kind: RunningClockKind;
    ticket_id: string | null;
    work_order_id: string | null;
    started_at: Timestamp;
    due_at: Timestamp;
    stopped_at: NullableTimestamp;
    fired_at: NullableTimestamp;
    amended_at: NullableTimestamp;
    withdrawn_at: NullableTimestamp;
    met: boolean | null;
    policy: ColumnType<SlaPolicy, string, never>;
  };
};

export type ClockRow = Selectable<SlaTables['sla_clock']>;
