import { type SqlBool, sql } from 'kysely';
import type { Verification } from '#contracts/statuses.ts';
import type { Actor } from '#platform/auth/actor.ts';
import type { Tx } from '#platform/db/db.ts';
import { forEach } from '../for-each.ts';
import {
  canReopen,
  lockUnitAndTicket,
  type Recurrence,
  reopenTicket,
  standingAlarms,
  type TicketRow,
} from '../tickets/index.ts';
import { lastTechnician, settleTicket, setVerification, type WorkOrderDeps } from '../work-orders/index.ts';
import { type Judgement, judgeRepair, REMOTE_POLICY, VERIFICATION_POLICY } from './core/judge.ts';
import { failCuredRun } from './end-run.ts';
import type { RepairTables, VerificationEvidence, VerificationRow } from './tables.ts';

/** How long a unit worked, by its telemetry. */
export interface Load {
  loadedMs(deviceId: string, fromMs: number, toMs: number): Promise<number>;
}

export interface RepairDeps {
  readonly orders: WorkOrderDeps;
  readonly load: Load;
}

const ACTOR: Actor = { type: 'system', name: 'verification' };

/**
 * Judges the repairs whose window has come to its end. One that cannot be judged goes behind the others, so that
 * it never takes their turn.
 */
export async function verifyRepairs(deps: RepairDeps): Promise<void> {
  const { db, clock, outbox } = deps.orders;
  const due = await db
    .withTables<RepairTables>()
    .selectFrom('verification')
    .selectAll()
    .where('state', '=', 'pending')
    .where(sql<SqlBool>`window_until <= ${new Date(clock.nowMs())}`)
    .orderBy('checked_at', (order) => order.asc().nullsFirst())
    .orderBy('window_until')
    .limit(200)
    .execute();
  await forEach(due, (row) => verifyOrPutBack(deps, row)).finally(() => outbox.wake());
}

async function verifyOrPutBack(deps: RepairDeps, row: VerificationRow): Promise<void> {
  try {
    await verifyOne(deps, row);
  } catch (error) {
    const { db, clock } = deps.orders;
    await db
      .withTables<RepairTables>()
      .updateTable('verification')
      .set({ checked_at: new Date(clock.nowMs()) })
      .where('id', '=', row.id)
      .where('state', '=', 'pending')
      .execute();
    throw error;
  }
}

async function verifyOne({ orders: deps, load }: RepairDeps, row: VerificationRow): Promise<void> {
  const nowMs = deps.clock.nowMs();
  const isRemote = row.run_id !== null;
  const untilMs = Math.min(nowMs, row.window_until);
  const loadedMs = isRemote ? 0 : await load.loadedMs(row.device_id, row.window_from, untilMs);
  await deps.db.transaction().execute(async (tx) => {
    const ticket = await lockUnitAndTicket(tx, row.ticket_id);
    const current = await lockPending(tx, row.id);
    if (ticket === undefined || current === undefined) return;
    const alarmIds = await standingAlarms(tx, row.ticket_id);
    const facts = { fromMs: current.window_from, untilMs: current.window_until, nowMs, loadedMs };
    const judgement = judgeRepair(
      { ...facts, standingAlarms: alarmIds.length },
      isRemote ? REMOTE_POLICY : VERIFICATION_POLICY,
    );
    const evidence = { reason: judgement.reason, loadedMs, alarmIds };
    await settle(deps, tx, { ticket, row: current, judgement, evidence });
  });
}

async function lockPending(tx: Tx, id: string): Promise<VerificationRow | undefined> {
  return tx
    .withTables<RepairTables>()
    .selectFrom('verification')
    .selectAll()
    .where('id', '=', id)
    .where('state', '=', 'pending')
    .forUpdate()
    .executeTakeFirst();
}

interface Judged {
  readonly ticket: TicketRow;
  readonly row: VerificationRow;
  readonly judgement: Judgement;
  readonly evidence: VerificationEvidence;
}

async function settle(deps: WorkOrderDeps, tx: Tx, judged: Judged): Promise<void> {
  const { ticket, row, judgement, evidence } = judged;
  const checkedAt = new Date(deps.clock.nowMs());
  const verdict = judgement.verdict;
  const state = verdict === 'wait' || verdict === 'extend' ? 'pending' : verdict;
  await tx
    .withTables<RepairTables>()
    .updateTable('verification')
    .set({ state, checked_at: checkedAt, evidence: JSON.stringify(evidence) })
    .$if(verdict === 'extend', (query) =>
      query.set({ window_until: new Date('untilMs' in judgement ? judgement.untilMs : 0) }),
    )
    .where('id', '=', row.id)
    .execute();
  if (state === 'pending') return;
  await tellRepair(deps, tx, { row, to: state === 'inconclusive' ? 'none' : state });
  if (state !== 'recurred') return settleTicket(deps, tx, { ticketId: ticket.id, actor: ACTOR });
  if (!(await canReopen(deps.tickets, tx, ticket))) return;
  const alarm = { alarmId: evidence.alarmIds?.[0] ?? '', raisedAtMs: deps.clock.nowMs() };
  await reopenTicket(deps.tickets, tx, { ticket, alarm, actor: ACTOR });
}

/** Writes a verdict on the work order, or on the remote run, that it is about. */
async function tellRepair(
  deps: Pick<WorkOrderDeps, 'audit' | 'clock'>,
  tx: Tx,
  { row, to }: { readonly row: VerificationRow; readonly to: Exclude<Verification, 'pending'> },
): Promise<void> {
  if (row.work_order_id !== null) {
    await setVerification(deps, tx, { orderId: row.work_order_id, to });
  } else if (row.run_id !== null && to === 'recurred') {
    await failCuredRun(deps, tx, row.run_id);
  }
}

/**
 * A fault that is back: if it is inside a repair's window, that repair counts as failed. Gives whoever did the
 * ticket's last work, to be sent first. The caller holds the ticket.
 */
export async function noteRecurrence(
  deps: Pick<WorkOrderDeps, 'audit' | 'clock'>,
  tx: Tx,
  { ticketId, alarmId, atMs }: Recurrence,
): Promise<string | null> {
  const failed = await tx
    .withTables<RepairTables>()
    .updateTable('verification')
    .set({
      state: 'recurred',
      checked_at: new Date(deps.clock.nowMs()),
      evidence: JSON.stringify({
        reason: alarmId === null ? 'customer_unsatisfied' : 'fault_recurred',
        alarmIds: alarmId === null ? [] : [alarmId],
        recurredAtMs: atMs,
      }),
    })
    .where('ticket_id', '=', ticketId)
    .where('state', '=', 'pending')
    .returningAll()
    .execute();
  for (const row of failed) await tellRepair(deps, tx, { row, to: 'recurred' });
  return lastTechnician(tx, ticketId);
}
