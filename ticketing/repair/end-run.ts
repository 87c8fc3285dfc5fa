import type { RepairRunStatus } from '#contracts/playbooks.ts';
import type { Actor } from '#platform/auth/actor.ts';
import type { Tx } from '#platform/db/db.ts';
import { stopClocks, withdrawClocks } from '../sla/index.ts';
import {
  lastReturnMs,
  moveTicket,
  noteTicketEvent,
  type TicketDeps,
  type TicketRow,
} from '../tickets/index.ts';
import { REMOTE_POLICY } from './core/judge.ts';
import type { RunDeps } from './ports.ts';
import { lockRunOfTicket, openCommandsOf } from './run-records.ts';
import type { RepairTables, RunRow } from './tables.ts';

interface End {
  readonly run: RunRow;
  readonly status: Exclude<RepairRunStatus, 'running'>;
  readonly reason: string | null;
  readonly actor: Actor;
}

/** Ends a run whose row and ticket the caller holds: record, commands that wait, timeline, audit and T7. */
async function endRun(deps: RunDeps, tx: Tx, { run, status, reason, actor }: End): Promise<void> {
  const { id, ticket_id: ticketId } = run;
  const atMs = deps.clock.nowMs();
  await tx
    .withTables<RepairTables>()
    .updateTable('repair_run')
    .set({ status, reason, ended_at: new Date(atMs), waiting_since: null })
    .where('id', '=', id)
    .execute();
  await deps.remoteCommands.withdraw(tx, await openCommandsOf(tx, id));
  const clock = { kinds: ['T7'], on: { ticketId }, atMs } as const;
  if (status === 'cured') await stopClocks({ outbox: deps.outbox, nowMs: atMs }, tx, clock);
  else await withdrawClocks(deps, tx, clock);
  const action = `remote_${status}`;
  await noteTicketEvent(tx, { ticketId, atMs, action, from: null, to: null, actor, reason });
  await deps.audit.record(tx, {
    actor,
    action: `repair.${status}`,
    entity: 'repair_run',
    entityId: id,
    fields: { ticketId: { to: ticketId }, reason: { to: reason } },
  });
}

/** Ends the run under way on a ticket that the caller holds; nothing where there is none. */
export async function abortRun(
  deps: RunDeps,
  tx: Tx,
  { ticketId, reason, actor }: { readonly ticketId: string; readonly reason: string; readonly actor: Actor },
): Promise<boolean> {
  const run = await lockRunOfTicket(tx, ticketId);
  if (run === undefined) return false;
  await endRun(deps, tx, { run, status: 'aborted', reason, actor });
  return true;
}

interface Ended {
  readonly run: RunRow;
  readonly ticket: TicketRow;
  readonly actor: Actor;
}

/** Ends a run that did not help; somebody must go, and sees what was tried. */
export async function giveUp(
  deps: RunDeps,
  tx: Tx,
  { run, ticket, actor, reason, status }: Ended & Pick<End, 'reason' | 'status'>,
): Promise<void> {
  await endRun(deps, tx, { run, status, reason, actor });
  await deps.orders.open(tx, { ticket, kind: 'repair', preferTechnicianId: null });
}

/**
 * Ends a run whose alarms have returned: the ticket is resolved, and watched until the fault has stayed away. A
 * machine that mended itself leaves nobody to respond: T1 and T2 lapse.
 */
export async function resolveRun(
  deps: RunDeps,
  tx: Tx,
  { run, ticket, actor, resolution }: Ended & { readonly resolution: 'remote' | 'self_cleared' },
): Promise<void> {
  const isCured = resolution === 'remote';
  await endRun(deps, tx, {
    run,
    status: isCured ? 'cured' : 'aborted',
    reason: isCured ? null : 'self_cleared',
    actor,
  });
  const nowMs = deps.clock.nowMs();
  await tx
    .withTables<RepairTables>()
    .insertInto('verification')
    .values({
      id: run.id,
      work_order_id: null,
      run_id: run.id,
      ticket_id: ticket.id,
      device_id: run.device_id,
      component: run.component,
      fault_family: run.fault_family,
      window_from: new Date(nowMs),
      window_until: new Date(nowMs + REMOTE_POLICY.windowMs),
      state: 'pending',
    })
    .execute();
  await withdrawClocks(deps, tx, { kinds: ['T1', 'T2'], on: { ticketId: ticket.id }, atMs: nowMs });
  const occurredAtMs = Math.min((await lastReturnMs(tx, ticket.id)) ?? nowMs, nowMs);
  const resolved = await moveTicket(deps, tx, { ticket, action: 'resolve', actor, resolution, occurredAtMs });
  await moveTicket(deps, tx, { ticket: resolved, action: 'verify', actor });
}

/** A cure whose fault came back inside the window was none. */
export async function failCuredRun(
  { audit }: Pick<TicketDeps, 'audit'>,
  tx: Tx,
  runId: string,
): Promise<void> {
  const repair = tx.withTables<RepairTables>();
  const row = await repair
    .updateTable('repair_run')
    .set({ status: 'failed', reason: 'recurred' })
    .where('id', '=', runId)
    .where('status', '=', 'cured')
    .returning('ticket_id')
    .executeTakeFirst();
  if (row === undefined) return;
  await repair
    .updateTable('repair_attempt')
    .set({ outcome: 'not_cured' })
    .where('run_id', '=', runId)
    .where('outcome', '=', 'cured')
    .execute();
  await audit.record(tx, {
    actor: { type: 'system', name: 'verification' },
    action: 'repair.recurred',
    entity: 'repair_run',
    entityId: runId,
    fields: { ticketId: { to: row.ticket_id } },
  });
}
