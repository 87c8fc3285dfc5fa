import type { ColumnType, Generated } from 'kysely';
import type { CommandStatus } from '#contracts/commands.ts';
import type { NullableTimestamp, Timestamp } from '#platform/db/db.ts';

type Json = Readonly<Record<string, unknown>>;

/** The table that `COMMAND_MIGRATIONS` makes. `seq` is the order of the queue. */
export type CommandTables = {
  command: {
    id: string;
    seq: Generated<number>;
    device_id: string;
    unit_id: string | null;
    component: string;
    name: string;
    args: ColumnType<Json, string, string>;
    status: CommandStatus;
    detail: string | null;
    result: ColumnType<Json | null, string | null, string | null>;
    requested_by: string;
    ticket_id: string | null;
    node_id: string | null;
    queued_at: Timestamp;
    sent_at: NullableTimestamp;
    answered_at: NullableTimestamp;
    ended_at: NullableTimestamp;
    deadline: Timestamp;
  };
};
