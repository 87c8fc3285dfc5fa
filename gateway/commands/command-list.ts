import type { Command, CommandStatus } from '#contracts/commands.ts';
import type { Db } from '#platform/db/db.ts';
import { AftercareError, notFound } from '#platform/errors.ts';
import { decodeCursor, type PageOf, pageOf } from '#platform/http/page.ts';
import { commandOf } from './command-rows.ts';
import type { CommandTables } from './tables.ts';

interface CommandFilter {
  readonly deviceId?: string;
  readonly status?: CommandStatus;
  readonly ticketId?: string;
  readonly limit?: number;
  readonly cursor?: string;
}

const DEFAULT_LIMIT = 50;

/** One page of commands, the one queued last first. */
export async function listCommands(db: Db, filter: CommandFilter): Promise<PageOf<Command>> {
  const limit = filter.limit ?? DEFAULT_LIMIT;
  const before = placeOf(filter.cursor);
  const { deviceId, status, ticketId } = filter;
  let query = db
    .withTables<CommandTables>()
    .selectFrom('command')
    .selectAll()
    .orderBy('seq', 'desc')
    .limit(limit + 1);
  if (before !== undefined) query = query.where('seq', '<', before);
  if (deviceId !== undefined) query = query.where('device_id', '=', deviceId);
  if (status !== undefined) query = query.where('status', '=', status);
  if (ticketId !== undefined) query = query.where('ticket_id', '=', ticketId);
  const rows = await query.execute();
  return pageOf(
    rows.map((row) => ({ id: String(row.seq), row })),
    limit,
    ({ row }) => commandOf(row),
  );
}

/** 404 for an id that is no command. */
export async function readCommand(db: Db, id: string): Promise<Command> {
  const row = await db
    .withTables<CommandTables>()
    .selectFrom('command')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst();
  if (row === undefined) throw notFound('command', id);
  return commandOf(row);
}

function placeOf(cursor: string | undefined): number | undefined {
  const text = decodeCursor(cursor);
  if (text === undefined) return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new AftercareError('HTTP_CURSOR_INVALID', 'cursor: not one that this list gave', {
    kind: 'malformed',
  });
}
