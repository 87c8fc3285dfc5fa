import { type SqlBool, sql } from 'kysely';
import { COMMAND_ENDS } from '#contracts/commands.ts';
import type { Db, Tx } from '#platform/db/db.ts';
import { isInDanger } from '../tickets/index.ts';
import type { RepairTables, RunRow } from './tables.ts';
import { isAttended, isInService } from './unit-hazards.ts';

const UNIT = sql.ref<string>('repair_run.unit_id');

/**
 * Runs whose next move is due, or whose unit no longer takes what has been queued for it, the longest waiting first.
 */
export async function dueRuns(db: Db, nowMs: number): Promise<RunRow[]> {
  return db
    .withTables<RepairTables>()
    .selectFrom('repair_run')
    .selectAll()
    .where('status', '=', 'running')
    .where(sql<SqlBool>`(due_at <= ${new Date(nowMs)} or ${isInDanger(UNIT)} or not ${isInService(UNIT)}
      or ${isAttended(UNIT)} and exists (
        select from repair_attempt where run_id = repair_run.id and command_status = 'queued'))`)
    .orderBy('due_at')
    .limit(500)
    .execute();
}

/** A run under way, held; the caller holds its unit and ticket. */
export async function lockRun(tx: Tx, id: string): Promise<RunRow | undefined> {
  return tx
    .withTables<RepairTables>()
    .selectFrom('repair_run')
    .selectAll()
    .where('id', '=', id)
    .where('status', '=', 'running')
    .forUpdate()
    .executeTakeFirst();
}

/** The run under way on a ticket, held; the caller holds the ticket. */
export async function lockRunOfTicket(tx: Tx, ticketId: string): Promise<RunRow | undefined> {
  return tx
    .withTables<RepairTables>()
    .selectFrom('repair_run')
    .selectAll()
    .where('ticket_id', '=', ticketId)
    .where('status', '=', 'running')
    .forUpdate()
    .executeTakeFirst();
}

/** Makes the runs of these tickets due at once: something was heard of them. */
export async function wakeRuns(tx: Tx, ticketIds: readonly string[], nowMs: number): Promise<void> {
  if (ticketIds.length === 0) return;
  const repair = tx.withTables<RepairTables>();
  const held = repair
    .selectFrom('repair_run')
    .select('id')
    .where('ticket_id', 'in', [...ticketIds])
    .where('status', '=', 'running')
    .orderBy('id')
    .forUpdate();
  await repair
    .updateTable('repair_run')
    .set({ due_at: new Date(nowMs) })
    .where('id', 'in', held)
    .execute();
}

/** Commands of a run that have not ended as far as is known here. */
export async function openCommandsOf(tx: Tx, runId: string): Promise<string[]> {
  const rows = await tx
    .withTables<RepairTables>()
    .selectFrom('repair_attempt')
    .select('command_id')
    .where('run_id', '=', runId)
    .where('command_status', 'not in', [...COMMAND_ENDS])
    .execute();
  return rows.flatMap(({ command_id }) => command_id ?? []);
}

/** Whether a unit is under remote repair, and when its runs for that fault family began and ended. */
export async function runsOfFault(
  tx: Tx,
  {
    unitId,
    faultFamily,
    sinceMs,
  }: { readonly unitId: string; readonly faultFamily: string; readonly sinceMs: number },
): Promise<{ isRunning: boolean; startedAtMs: number[]; lastEndedAtMs: number | null }> {
  const runs = await tx
    .withTables<RepairTables>()
    .selectFrom('repair_run')
    .select(['status', 'fault_family', 'started_at', 'ended_at'])
    .where('unit_id', '=', unitId)
    .where((eb) =>
      eb.or([
        eb('status', '=', 'running'),
        eb.and([
          eb('fault_family', '=', faultFamily),
          eb('started_at', '>', sql<number>`${new Date(sinceMs)}::timestamptz`),
        ]),
      ]),
    )
    .execute();
  const own = runs.filter(({ fault_family }) => fault_family === faultFamily);
  const ends = own.map(({ ended_at }) => ended_at ?? 0);
  return {
    isRunning: runs.some(({ status }) => status === 'running'),
    startedAtMs: own.map(({ started_at }) => started_at),
    lastEndedAtMs: ends.length === 0 ? null : Math.max(...ends),
  };
}
