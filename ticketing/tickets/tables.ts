import type { ColumnType, Generated, Selectable, Updateable } from 'kysely';
import type { Level, Priority } from '#contracts/priority.ts';
import type { Resolution, Source, TicketStatus } from '#contracts/statuses.ts';
import type { LocalText } from '#contracts/text.ts';
import type { Coverage, TicketCategory } from '#contracts/tickets.ts';
import type { NullableTimestamp, Timestamp } from '#platform/db/db.ts';

type Json<T> = ColumnType<T, string, string>;
type NullableJson<T> = ColumnType<T | null, string | null | undefined, string | null>;

export type TicketTables = {
  ticket: {
    id: string;
    number: Generated<string>;
    unit_id: string | null;
    device_id: string | null;
    component: string;
    status: TicketStatus;
    resolution: Resolution | null;
    priority: Priority;
    impact: Level;
    urgency: Level;
    category: TicketCategory;
    source: Source;
    fault_family: string;
    fault_code: string | null;
    fault_key: string | null;
    is_emergency: boolean;
    coverage: Coverage;
    on_site: boolean | null;
    awaits_read_back: boolean;
    summary: Json<LocalText>;
    assessed_by: string | null;
    assessed_at: NullableTimestamp;
    preliminary_cause: NullableJson<LocalText>;
    plan: NullableJson<LocalText>;
    opened_at: Timestamp;
    acknowledged_at: NullableTimestamp;
    resolved_at: NullableTimestamp;
    closed_at: NullableTimestamp;
    cleared_at: NullableTimestamp;
    version: Generated<number>;
  };
  ticket_report: {
    id: string;
    ticket_id: string;
    kind: 'alarm' | 'request';
    ref: string;
    source: Source;
    at: Timestamp;
    cleared_at: NullableTimestamp;
    text: NullableJson<LocalText>;
  };
  ticket_event: {
    id: string;
    ticket_id: string;
    at: Timestamp;
    action: string;
    from_status: TicketStatus | null;
    to_status: TicketStatus | null;
    actor: string;
    reason: string | null;
  };
};

export type TicketRow = Selectable<TicketTables['ticket']>;
export type TicketChange = Updateable<TicketTables['ticket']>;
