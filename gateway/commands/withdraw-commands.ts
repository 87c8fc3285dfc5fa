import type { Command } from '#contracts/commands.ts';
import type { Actor } from '#platform/auth/actor.ts';
import type { Tx } from '#platform/db/db.ts';
import { AftercareError, notFound } from '#platform/errors.ts';
import { type ChangeDeps, countEnds, endCommand, tellChanges, WITHDRAWN } from './change-commands.ts';
import { type CommandRow, commandOf } from './command-rows.ts';
import { judgeStep } from './core/command-status.ts';
import type { CommandTables } from './tables.ts';

export type WithdrawDeps = Pick<ChangeDeps, 'clock' | 'audit' | 'outbox' | 'count'>;

export interface Withdrawal {
  readonly ids: readonly string[];
  readonly actor: Actor;
}

/**
 * Ends those of these commands that have not gone out, in the caller's transaction; call `outbox.wake` after the
 * commit. One that a node has just taken to send is not queued again, should it turn out not to have gone out.
 */
export async function withdrawCommands(
  deps: WithdrawDeps,
  tx: Tx,
  { ids, actor }: Withdrawal,
): Promise<readonly CommandRow[]> {
  if (ids.length === 0) return [];
  const rows = await lockCommands(tx, ids);
  const ended: CommandRow[] = [];
  for (const row of rows) {
    const move = judgeStep(row.status, 'withdraw');
    if (move.type === 'move') {
      const end = { status: move.to, detail: WITHDRAWN, atMs: deps.clock.nowMs() };
      ended.push(await endCommand(tx, row, end));
    } else if (row.status === 'sent') await markUnwanted(tx, row.id);
  }
  await tellChanges(deps, tx, { rows: ended, actor });
  countEnds(deps, ended);
  return ended;
}

/** A person's withdrawal of one command; 404; 409 COMMAND_NOT_QUEUED. */
export async function cancelCommand(
  deps: WithdrawDeps,
  tx: Tx,
  { id, actor }: { readonly id: string; readonly actor: Actor },
): Promise<Command> {
  const [row] = await lockCommands(tx, [id]);
  if (row === undefined) throw notFound('command', id);
  if (row.status !== 'queued') throw notQueued(row);
  const [ended = row] = await withdrawCommands(deps, tx, { ids: [id], actor });
  return commandOf(ended);
}

function notQueued({ status, ended_at: endedMs }: CommandRow): AftercareError {
  const why =
    endedMs === null ? 'it is with its device, and ends by its deadline at the latest' : 'it has ended';
  return new AftercareError('COMMAND_NOT_QUEUED', `the command is ${status}: ${why}`, { kind: 'conflict' });
}

function lockCommands(tx: Tx, ids: readonly string[]): Promise<CommandRow[]> {
  return tx
    .withTables<CommandTables>()
    .selectFrom('command')
    .selectAll()
    .where('id', 'in', [...ids])
    .orderBy('id')
    .forUpdate()
    .execute();
}

async function markUnwanted(tx: Tx, id: string): Promise<void> {
  await tx
    .withTables<CommandTables>()
    .updateTable('command')
    .set({ detail: WITHDRAWN })
    .where('id', '=', id)
    .execute();
}
