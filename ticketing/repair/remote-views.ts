import type { RemoteAttempt, RemoteRun } from '#contracts/playbooks.ts';
import { isoTime, isoTimeOrNull } from '#contracts/time.ts';
import type { Db, Tx } from '#platform/db/db.ts';
import type { RepairTables } from './tables.ts';

/** A ticket's remote repairs and their commands, the first one first. */
export async function remoteOfTicket(
  db: Db | Tx,
  ticketId: string,
): Promise<{ remoteRuns: RemoteRun[]; remoteAttempts: RemoteAttempt[] }> {
  const remoteRuns = await runsOf(db, ticketId);
  if (remoteRuns.length === 0) return { remoteRuns, remoteAttempts: [] };
  return { remoteRuns, remoteAttempts: await attemptsOf(db, ticketId) };
}

async function runsOf(db: Db | Tx, ticketId: string): Promise<RemoteRun[]> {
  const rows = await db
    .withTables<RepairTables>()
    .selectFrom('repair_run')
    .leftJoin('verification', 'verification.run_id', 'repair_run.id')
    .selectAll('repair_run')
    .select('verification.state')
    .where('repair_run.ticket_id', '=', ticketId)
    .orderBy('repair_run.id')
    .limit(50)
    .execute();
  return rows.map((row) => ({
    id: row.id,
    playbook: row.playbook,
    status: row.status,
    reason: row.reason,
    startedBy: row.started_by,
    startedAt: isoTime(row.started_at),
    endedAt: isoTimeOrNull(row.ended_at),
    waitingSince: isoTimeOrNull(row.waiting_since),
    verification: row.state === null || row.state === 'inconclusive' ? 'none' : row.state,
  }));
}

async function attemptsOf(db: Db | Tx, ticketId: string): Promise<RemoteAttempt[]> {
  const rows = await db
    .withTables<RepairTables>()
    .selectFrom('repair_attempt')
    .innerJoin('repair_run', 'repair_run.id', 'repair_attempt.run_id')
    .selectAll('repair_attempt')
    .select('repair_run.playbook')
    .where('repair_run.ticket_id', '=', ticketId)
    .orderBy('run_id')
    .orderBy('step')
    .orderBy('try')
    .limit(200)
    .execute();
  return rows.map((row) => ({
    runId: row.run_id,
    playbook: row.playbook,
    step: row.step,
    command: row.command,
    args: { ...row.args },
    commandId: row.command_id,
    status: row.command_status,
    detail: row.detail,
    at: isoTime(row.queued_at),
    outcome: row.outcome,
  }));
}
