import type { ColumnType, Selectable } from 'kysely';
import type { AlarmAction, AlarmState, Reason, Severity } from '#contracts/alarms.ts';
import type { LocalText } from '#contracts/text.ts';
import type { NullableTimestamp, Timestamp } from '#platform/db/db.ts';

type Json<T> = ColumnType<T, string, string>;

export type AlarmTables = {
  alarm: {
    id: string;
    occurrence: string;
    key: string;
    rule_id: string | null;
    rule_version: number | null;
    device_id: string;
    unit_id: string;
    component: string;
    severity: Severity;
    state: AlarmState;
    fault_family: string;
    fault_code: string | null;
    title: Json<LocalText>;
    reason: Json<Reason>;
    action: AlarmAction;
    raised_at: Timestamp;
    returned_at: NullableTimestamp;
    acknowledged_at: NullableTimestamp;
    acknowledged_by: string | null;
    ended_at: NullableTimestamp;
  };
};

export type AlarmRow = Selectable<AlarmTables['alarm']>;
