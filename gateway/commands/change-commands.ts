import { sql } from 'kysely';
import { COMMAND_ENDS, type CommandStatus } from '#contracts/commands.ts';
import type { Audit } from '#platform/audit/audit.ts';
import type { Actor } from '#platform/auth/actor.ts';
import type { Clock } from '#platform/clock.ts';
import type { Db, Tx } from '#platform/db/db.ts';
import type { Outbox } from '#platform/outbox/outbox.ts';
import type { CountCommands } from './command-metrics.ts';
import { type CommandRow, changeOf } from './command-rows.ts';
import { type CommandStep, judgeStep } from './core/command-status.ts';
import { keepable, keepableText } from './core/keepable.ts';
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

const SELF: Actor = { type: 'system', name: 'commands' };
const RECORD_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const MAX_DETAIL = 500;
const SWEPT_AT_ONCE = 200;
const LATE = '; later: ';
const NO_ANSWER: Readonly<Partial<Record<CommandStatus, string>>> = {
  expired: 'not_sent_by_deadline',
  timed_out: 'no_answer_by_deadline',
};

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
    await tell(deps, tx, outcome.changed);
    return outcome;
  });
  for (const reason of ignored) deps.count.ignored(reason, 1);
  finish(deps, changed);
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
  if (move.type === 'move') return { row: await moveTo(tx, { row, to: move.to }, news) };
  if (move.type === 'ignore') return { ignored: 'repeated' };
  await noteLate(tx, row, news);
  return { ignored: 'late' };
}

function moveTo(
  tx: Tx,
  { row, to }: { readonly row: CommandRow; readonly to: CommandStatus },
  { detail, result, atMs }: CommandNews,
): Promise<CommandRow> {
  const at = new Date(atMs);
  const isBack = to === 'queued';
  return tx
    .withTables<CommandTables>()
    .updateTable('command')
    .set({
      status: to,
      detail: isBack || detail === null ? null : shown(detail),
      ...(result !== null && { result: JSON.stringify(keepable(result)) }),
      ...(isBack ? { sent_at: null, node_id: null } : { answered_at: at }),
      ...(COMMAND_ENDS.has(to) && { ended_at: at }),
    })
    .where('id', '=', row.id)
    .returningAll()
    .executeTakeFirstOrThrow();
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
  const now = new Date(deps.clock.nowMs());
  const rows = await deps.db.transaction().execute(async (tx) => {
    const overdue = await tx
      .withTables<CommandTables>()
      .selectFrom('command')
      .select(['id', 'status'])
      .where('status', 'in', ['queued', 'sent', 'accepted'])
      .where('deadline', '<=', sql<number>`${now}`)
      .orderBy('deadline')
      .limit(SWEPT_AT_ONCE)
      .forUpdate()
      .skipLocked()
      .execute();
    const ended: CommandRow[] = [];
    for (const { id, status } of overdue) {
      const move = judgeStep(status, 'deadline');
      if (move.type !== 'move') continue;
      const row = await tx
        .withTables<CommandTables>()
        .updateTable('command')
        .set({ status: move.to, ended_at: now, detail: NO_ANSWER[move.to] ?? null })
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirstOrThrow();
      ended.push(row);
    }
    await tell(deps, tx, ended);
    return ended;
  });
  finish(deps, rows);
  return rows.length === SWEPT_AT_ONCE;
}

async function tell({ audit, outbox }: ChangeDeps, tx: Tx, rows: readonly CommandRow[]): Promise<void> {
  for (const row of rows) {
    if (!COMMAND_ENDS.has(row.status)) continue;
    await audit.record(tx, {
      actor: SELF,
      action: 'command.ended',
      entity: 'command',
      entityId: row.id,
      fields: { status: { to: row.status } },
    });
  }
  await outbox.publish(tx, rows.map(changeOf));
}

function finish({ outbox, count }: ChangeDeps, rows: readonly CommandRow[]): void {
  for (const { status } of rows) if (COMMAND_ENDS.has(status)) count.ended(status);
  if (rows.length > 0) outbox.wake();
}
