import type { Selectable } from 'kysely';
import type { Command } from '#contracts/commands.ts';
import { isoTime, isoTimeOrNull } from '#contracts/time.ts';
import type { NewEvent } from '#platform/outbox/outbox.ts';
import { deadlineMs } from './command-deadlines.ts';
import { shownArgs } from './core/secret-values.ts';
import type { CommandTables } from './tables.ts';

export type CommandRow = Selectable<CommandTables['command']>;

/** A command as HTTP shows it. */
export function commandOf(row: CommandRow): Command {
  return {
    id: row.id,
    deviceId: row.device_id,
    unitId: row.unit_id,
    component: row.component,
    name: row.name,
    args: { ...shownArgs(row.args) },
    status: row.status,
    detail: row.detail,
    result: row.result === null ? null : { ...row.result },
    requestedBy: row.requested_by,
    ticketId: row.ticket_id,
    queuedAt: isoTime(row.queued_at),
    sentAt: isoTimeOrNull(row.sent_at),
    answeredAt: isoTimeOrNull(row.answered_at),
    endedAt: isoTimeOrNull(row.ended_at),
    deadline: isoTime(deadlineMs(row)),
  };
}

/** What others are told of the status a command has now. */
export function changeOf(row: CommandRow): NewEvent {
  return {
    type: 'command.changed',
    data: {
      commandId: row.id,
      deviceId: row.device_id,
      unitId: row.unit_id,
      ticketId: row.ticket_id,
      name: row.name,
      status: row.status,
      detail: row.detail,
    },
  };
}
