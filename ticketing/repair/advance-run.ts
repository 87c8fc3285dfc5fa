import { findPlaybook } from '#contracts/playbooks.ts';
import type { Actor } from '#platform/auth/actor.ts';
import type { Tx } from '#platform/db/db.ts';
import { AftercareError } from '#platform/errors.ts';
import { derivedId } from '#platform/ids.ts';
import { forEach } from '../for-each.ts';
import { lockUnitAndTicket, standingAlarms, type TicketRow } from '../tickets/index.ts';
import { judgeRun, RUN_POLICY, type RunDecision, type RunStep, stepsFor } from './core/judge-run.ts';
import { abortRun, giveUp, resolveRun } from './end-run.ts';
import type { RemoteDeps, RunDeps } from './ports.ts';
import { dueRuns, lockRun } from './run-records.ts';
import type { AttemptRow, RepairTables, RunRow } from './tables.ts';
import { hazardsOf } from './unit-hazards.ts';

const ACTOR: Actor = { type: 'system', name: 'repair' };

/** A run in hand: everything of it is held. */
interface Held {
  readonly run: RunRow;
  readonly ticket: TicketRow;
  readonly steps: readonly RunStep[];
  readonly isCharging: boolean;
  /** Code of the refusal, where the command to send has just been refused on our side. */
  readonly refused: string | null;
}

/** Makes the next move of every remote repair that has one due. One that fails waits behind the others. */
export async function advanceRuns(deps: RemoteDeps): Promise<void> {
  const { db, clock, outbox } = deps.orders;
  const due = await dueRuns(db, clock.nowMs());
  await forEach(due, (run) => advanceOrPutBack(deps, run)).finally(() => outbox.wake());
}

async function advanceOrPutBack(deps: RemoteDeps, run: RunRow): Promise<void> {
  try {
    await advanceOne(deps, run, null).catch((error: unknown) => {
      if (isRefusal(error)) return advanceOne(deps, run, detailOf(error));
      throw error;
    });
  } catch (error) {
    const { db, clock } = deps.orders;
    await db
      .withTables<RepairTables>()
      .updateTable('repair_run')
      .set({ due_at: new Date(clock.nowMs() + RUN_POLICY.againMs) })
      .where('id', '=', run.id)
      .where('status', '=', 'running')
      .execute();
    throw error;
  }
}

/** A command that will never be taken (the device is gone, say), unlike a server that is away. */
function isRefusal(error: unknown): error is AftercareError {
  return error instanceof AftercareError && error.kind !== 'internal' && error.kind !== 'unavailable';
}

/** In the words in which a gateway would refuse it. */
function detailOf({ code }: AftercareError): string {
  return code.endsWith('_SESSION_RUNNING') ? 'session_running' : code;
}

async function advanceOne(deps: RemoteDeps, peek: RunRow, refused: string | null): Promise<void> {
  const playbook = findPlaybook(peek.playbook);
  const steps = playbook === undefined ? [] : stepsFor(playbook, peek.component);
  const mayEndSession = steps.some(({ endsSession }) => endsSession);
  const isCharging = mayEndSession && (await deps.charging.isCharging(peek.device_id));
  await deps.orders.db.transaction().execute(async (tx) => {
    const ticket = await lockUnitAndTicket(tx, peek.ticket_id);
    const run = await lockRun(tx, peek.id);
    if (ticket === undefined || run === undefined) return;
    const orders = (await deps.orders.tickets.orders.summarise(tx, [ticket.id])).get(ticket.id);
    if (ticket.status !== 'in_progress' || (orders?.unfinished ?? 0) > 0) {
      await abortRun(runDeps(deps), tx, { ticketId: ticket.id, reason: 'work_in_hand', actor: ACTOR });
      return;
    }
    await moveOn(deps, tx, { run, ticket, steps, isCharging, refused });
  });
}

function runDeps({ orders, remoteCommands }: RemoteDeps): RunDeps {
  return { ...orders.tickets, remoteCommands };
}

async function attemptsOf(tx: Tx, runId: string): Promise<AttemptRow[]> {
  return tx
    .withTables<RepairTables>()
    .selectFrom('repair_attempt')
    .selectAll()
    .where('run_id', '=', runId)
    .orderBy('step')
    .orderBy('try')
    .execute();
}

async function moveOn(deps: RemoteDeps, tx: Tx, held: Held): Promise<void> {
  const { run, ticket, steps, isCharging } = held;
  const nowMs = deps.orders.clock.nowMs();
  const attempts = await attemptsOf(tx, run.id);
  const decision = judgeRun({
    nowMs,
    startedAtMs: run.started_at,
    steps,
    attempts: attempts.map((attempt) => ({
      step: attempt.step,
      try: attempt.try,
      status: attempt.command_status,
      detail: attempt.detail,
      queuedAtMs: attempt.queued_at,
      changedAtMs: attempt.changed_at,
      outcome: attempt.outcome,
    })),
    waitingSinceMs: run.waiting_since,
    standingAlarms: (await standingAlarms(tx, ticket.id)).length,
    ...(await hazardsOf(tx, run.unit_id)),
    isCharging,
  });
  const last = attempts.at(-1);
  if (decision.judged !== null && last !== undefined) {
    await tx
      .withTables<RepairTables>()
      .updateTable('repair_attempt')
      .set({ outcome: decision.judged, judged_at: new Date(nowMs) })
      .where('run_id', '=', run.id)
      .where('step', '=', last.step)
      .where('try', '=', last.try)
      .execute();
  }
  await act(deps, tx, { ...held, decision });
}

async function act(
  deps: RemoteDeps,
  tx: Tx,
  { decision, ...held }: Held & { readonly decision: RunDecision },
): Promise<void> {
  const { run, ticket } = held;
  const ending = runDeps(deps);
  switch (decision.act) {
    case 'cured':
      return resolveRun(ending, tx, { run, ticket, actor: ACTOR, resolution: 'remote' });
    case 'fail':
      return giveUp(ending, tx, { run, ticket, actor: ACTOR, status: 'failed', reason: decision.reason });
    case 'abort':
      return decision.reason === 'self_cleared'
        ? resolveRun(ending, tx, { run, ticket, actor: ACTOR, resolution: 'self_cleared' })
        : giveUp(ending, tx, { run, ticket, actor: ACTOR, status: 'aborted', reason: decision.reason });
    case 'wait':
      return waitUntil(tx, run, decision);
    case 'skip':
      await recordSkip(deps, tx, { ...held, step: decision.step });
      return moveOn(deps, tx, held);
    case 'send':
      return sendStep(deps, tx, { ...held, ...decision });
  }
}

async function waitUntil(
  tx: Tx,
  { id }: RunRow,
  { untilMs, waitingSinceMs }: { readonly untilMs: number; readonly waitingSinceMs: number | null },
): Promise<void> {
  await tx
    .withTables<RepairTables>()
    .updateTable('repair_run')
    .set({
      due_at: new Date(untilMs),
      waiting_since: waitingSinceMs === null ? null : new Date(waitingSinceMs),
    })
    .where('id', '=', id)
    .execute();
}

async function recordSkip(
  { orders }: RemoteDeps,
  tx: Tx,
  { run, steps, step }: Held & { readonly step: number },
): Promise<void> {
  const now = new Date(orders.clock.nowMs());
  await tx
    .withTables<RepairTables>()
    .insertInto('repair_attempt')
    .values({
      run_id: run.id,
      step,
      try: 0,
      command_id: null,
      command: steps[step]?.command ?? '',
      args: '{}',
      queued_at: now,
      command_status: null,
      detail: 'no_connector',
      changed_at: now,
      judged_at: now,
      outcome: 'skipped',
    })
    .execute();
}

/** Records an attempt and sends its command in one transaction, under an id that names run, step and try. */
async function sendStep(
  { orders, remoteCommands }: RemoteDeps,
  tx: Tx,
  { run, steps, refused, ...attempt }: Held & { readonly step: number; readonly try: number },
): Promise<void> {
  const step = steps[attempt.step];
  if (step === undefined) return;
  const nowMs = orders.clock.nowMs();
  const id = derivedId(`${run.id}/${attempt.step}/${attempt.try}`, run.started_at);
  const args = step.args ?? {};
  await tx
    .withTables<RepairTables>()
    .insertInto('repair_attempt')
    .values({
      run_id: run.id,
      step: attempt.step,
      try: attempt.try,
      command_id: id,
      command: step.command,
      args: JSON.stringify(args),
      queued_at: new Date(nowMs),
      command_status: refused === null ? 'queued' : 'rejected',
      detail: refused,
      changed_at: new Date(nowMs),
      outcome: null,
    })
    .execute();
  const untilMs = refused === null ? nowMs + step.timeoutMs + RUN_POLICY.answerGraceMs : nowMs;
  await waitUntil(tx, run, { untilMs, waitingSinceMs: attempt.try > 0 ? run.waiting_since : null });
  if (refused !== null) return;
  await remoteCommands.enqueue(tx, {
    id,
    deviceId: run.device_id,
    component: run.component,
    name: step.command,
    args,
    timeoutMs: step.timeoutMs,
    ticketId: run.ticket_id,
    requestedBy: run.started_by,
  });
}
