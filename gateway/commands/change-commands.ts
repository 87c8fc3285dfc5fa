import { sql } from 'kysely';
import { COMMAND_ENDS, type CommandStatus } from '#contracts/commands.ts';
import type { Audit } from '#platform/audit/audit.ts';
import type { Actor } from '#platform/auth/actor.ts';
import type { Clock } from '#platform/clock.ts';
import type { Db, Tx } from '#platform/db/db.ts';
import type { Outbox } from '#platform/outbox/outbox.ts';
import { isOverdue } from './command-deadlines.ts';
import type { CountCommands } from './command-metrics.ts';
import { type CommandRow, changeOf } from './command-rows.ts';
import { type CommandStep, judgeStep } from './core/command-status.ts';
import { keepable, keepableText } from './core/keepable.ts';
import { shownArgs, shownResult } from './core/secret-values.ts';
import type { CommandTables } from './tables.ts';

export interface ChangeDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly audit: Audit;
  readonly outbox: Outbox;
  readonly count: CountCommands;
}

/** Something said of a command. `deviceId` where it was a device that said it: it must be its own command. */
export interface CommandNews {
  readonly commandId: string;
  readonly deviceId?: string;
  readonly step: CommandStep;
  readonly detail: string | null;
  readonly result: Readonly<Record<string, unknown>> | null;
  readonly atMs: number;
}

/** Detail of a command that nobody wants any more; on one that is out, until its device answers. */
export const WITHDRAWN = 'withdrawn';
const SELF: Actor = { type: 'system', name: 'commands' };
const RECORD_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const MAX_DETAIL = 500;
const SWEPT_AT_ONCE = 200;
const LATE = '; later: ';

type IgnoreReason = 'unknown' | 'foreign' | 'repeated' | 'late';

/** Takes news up in the order given; news that is old, foreign or of no command of ours is counted and changes nothing. */
export async function takeNews(deps: ChangeDeps, news: readonly CommandNews[]): Promise<void> {
  const possible = news.filter(({ commandId }) => RECORD_ID.test(commandId));
  deps.count.ignored('unknown', news.length - possible.length);
  if (possible.length === 0) return;
  const { changed, ignored } = await deps.db.transaction().execute(async (tx) => {
    const rows = await lockCommands(tx, possible);
    const outcome = { changed: [] as CommandRow[], ignored: [] as IgnoreReason[] };
    for (const each of possible) {
      const after = await takeOne(tx, rows.get(each.commandId), each);
      if ('ignored' in after) outcome.ignored.push(after.ignored);
      else outcome.changed.push(after.row);
      if ('row' in after) rows.set(after.row.id, after.row);
    }
    await tellChanges(deps, tx, { rows: outcome.changed, actor: SELF });
    return outcome;
  });
  for (const reason of ignored) deps.count.ignored(reason, 1);
  countEnds(deps, changed);
  if (changed.length > 0) deps.outbox.wake();
}

async function lockCommands(tx: Tx, news: readonly CommandNews[]): Promise<Map<string, CommandRow>> {
  const ids = [...new Set(news.map(({ commandId }) => commandId))];
  const rows = await tx
    .withTables<CommandTables>()
    .selectFrom('command')
    .selectAll()
    .where('id', 'in', ids)
    .orderBy('id')
    .forUpdate()
    .execute();
  return new Map(rows.map((row) => [row.id, row]));
}

type Taken = { readonly row: CommandRow } | { readonly ignored: IgnoreReason };

async function takeOne(tx: Tx, row: CommandRow | undefined, news: CommandNews): Promise<Taken> {
  if (row === undefined) return { ignored: 'unknown' };
  if (news.deviceId !== undefined && news.deviceId !== row.device_id) return { ignored: 'foreign' };
  const move = judgeStep(row.status, news.step);
  if (move.type === 'move') return { row: await moveTo(tx, wanted(row, move.to), news) };
  if (move.type === 'ignore') return { ignored: 'repeated' };
  await noteLate(tx, row, news);
  return { ignored: 'late' };
}

interface Move {
  readonly row: CommandRow;
  readonly to: CommandStatus;
}

/** What comes back unsent after it was withdrawn does not go out again. */
function wanted(row: CommandRow, to: CommandStatus): Move {
  if (to !== 'queued' || row.detail !== WITHDRAWN) return { row, to };
  const withdrawn = judgeStep(to, 'withdraw');
  return { row, to: withdrawn.type === 'move' ? withdrawn.to : to };
}

function moveTo(tx: Tx, { row, to }: Move, { detail, result, atMs }: CommandNews): Promise<CommandRow> {
  if (to === 'expired') return endCommand(tx, row, { status: to, detail: WITHDRAWN, atMs });
  const at = new Date(atMs);
  const isBack = to === 'queued';
  return tx
    .withTables<CommandTables>()
    .updateTable('command')
    .set({
      status: to,
      detail: isBack || detail === null ? null : shown(detail),
      ...(result !== null && { result: JSON.stringify(keepable(shownResult(result))) }),
      ...(isBack ? { sent_at: null, node_id: null } : { answered_at: at }),
      ...(COMMAND_ENDS.has(to) && { ended_at: at, args: keptArgs(row) }),
    })
    .where('id', '=', row.id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** Ends a command that its device does not end. */
export function endCommand(
  tx: Tx,
  row: Pick<CommandRow, 'id' | 'args'>,
  {
    status,
    detail,
    atMs,
  }: { readonly status: CommandStatus; readonly detail: string; readonly atMs: number },
): Promise<CommandRow> {
  return tx
    .withTables<CommandTables>()
    .updateTable('command')
    .set({ status, detail, ended_at: new Date(atMs), args: keptArgs(row) })
    .where('id', '=', row.id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** A secret is kept no longer than it is needed to send it. */
function keptArgs({ args }: Pick<CommandRow, 'args'>): string {
  return JSON.stringify(shownArgs(args));
}

function shown(detail: string): string {
  return keepableText(detail.slice(0, MAX_DETAIL));
}

/** The first word that came too late is kept beside what ended the command. */
async function noteLate(tx: Tx, row: CommandRow, { step, detail }: CommandNews): Promise<void> {
  const said = detail === null ? step : `${step} (${shown(detail)})`;
  await tx
    .withTables<CommandTables>()
    .updateTable('command')
    .set({ detail: `${row.detail ?? row.status}${LATE}${said}` })
    .where('id', '=', row.id)
    .where((where) => where.or([where('detail', 'is', null), where('detail', 'not like', `%${LATE}%`)]))
    .execute();
}

/** Ends what has passed its deadline; true where there may be more. */
export async function endOverdue(deps: ChangeDeps): Promise<boolean> {
  const nowMs = deps.clock.nowMs();
  const rows = await deps.db.transaction().execute(async (tx) => {
    const overdue = await tx
      .withTables<CommandTables>()
      .selectFrom('command')
      .select(['id', 'status', 'args', isDeviceBusy.as('isDeviceBusy')])
      .where(isOverdue(nowMs))
      .orderBy('deadline')
      .limit(SWEPT_AT_ONCE)
      .forUpdate()
      .skipLocked()
      .execute();
    const ended: CommandRow[] = [];
    for (const row of overdue) {
      const move = judgeStep(row.status, 'deadline');
      if (move.type !== 'move') continue;
      ended.push(await endCommand(tx, row, { status: move.to, detail: whyEnded(move.to, row), atMs: nowMs }));
    }
    await tellChanges(deps, tx, { rows: ended, actor: SELF });
    return ended;
  });
  countEnds(deps, rows);
  if (rows.length > 0) deps.outbox.wake();
  return rows.length === SWEPT_AT_ONCE;
}

/** Whether another command of the device is in hand. */
const isDeviceBusy = sql<boolean>`exists (select from command as held
  where held.device_id = command.device_id and held.id <> command.id and held.status in ('sent', 'accepted'))`;

function whyEnded(status: CommandStatus, { isDeviceBusy }: { readonly isDeviceBusy: boolean }): string {
  if (status !== 'expired') return 'no_answer_by_deadline';
  return isDeviceBusy ? 'device_busy' : 'not_sent_by_deadline';
}

/** Tells others of the status these commands have now, and puts on record what has ended. */
export async function tellChanges(
  { audit, outbox }: Pick<ChangeDeps, 'audit' | 'outbox'>,
  tx: Tx,
  { rows, actor }: { readonly rows: readonly CommandRow[]; readonly actor: Actor },
): Promise<void> {
  for (const row of rows) {
    if (!COMMAND_ENDS.has(row.status)) continue;
    await audit.record(tx, {
      actor,
      action: 'command.ended',
      entity: 'command',
      entityId: row.id,
      fields: { status: { to: row.status } },
    });
  }
  await outbox.publish(tx, rows.map(changeOf));
}

export function countEnds({ count }: Pick<ChangeDeps, 'count'>, rows: readonly CommandRow[]): void {
  for (const { status } of rows) if (COMMAND_ENDS.has(status)) count.ended(status);
}
