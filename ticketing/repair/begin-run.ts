import { faultFamily } from '#contracts/faults.ts';
import { findPlaybook, type Playbook } from '#contracts/playbooks.ts';
import { type Actor, actorId } from '#platform/auth/actor.ts';
import type { Tx } from '#platform/db/db.ts';
import { newId } from '#platform/ids.ts';
import { startClocks } from '../sla/index.ts';
import { moveTicket, noteTicketEvent, type TicketDeps, type TicketRow } from '../tickets/index.ts';
import { findUnit } from '../units/index.ts';
import { type Refusal, refusalByFault, refusalByUnit, type UnitFacts } from './core/may-start.ts';
import { runsOfFault } from './run-records.ts';
import type { RepairTables } from './tables.ts';
import { hazardsOf } from './unit-hazards.ts';

const ACTOR: Actor = { type: 'system', name: 'repair' };

interface Start {
  readonly ticket: TicketRow;
  readonly actor: Actor;
  readonly playbook: Playbook;
}

/**
 * Begins the playbook of the ticket's fault, where it may run; else notes why not (unless there simply is none) and
 * gives null. The caller holds unit and ticket.
 */
export async function beginRun(deps: TicketDeps, tx: Tx, ticket: TicketRow): Promise<TicketRow | null> {
  const playbook = playbookOf(ticket);
  const refusal =
    refusalByFault({ ...faultFacts(ticket), playbook }) ??
    (playbook === undefined ? 'no_playbook' : await refusalOfUnit(deps, tx, { ticket, playbook }));
  if (refusal === null && playbook !== undefined) {
    return startRun(deps, tx, { ticket, playbook, actor: ACTOR });
  }
  if (refusal !== null && refusal !== 'no_playbook') {
    await noteTicketEvent(tx, {
      ticketId: ticket.id,
      atMs: deps.clock.nowMs(),
      action: 'remote_skipped',
      from: ticket.status,
      to: ticket.status,
      actor: ACTOR,
      reason: refusal,
    });
  }
  return null;
}

/** The playbook of a ticket's fault family. */
export function playbookOf(ticket: TicketRow): Playbook | undefined {
  const { playbook } = faultFamily(ticket.fault_family);
  return playbook === null ? undefined : findPlaybook(playbook);
}

export function faultFacts(ticket: TicketRow) {
  return {
    isSafety: faultFamily(ticket.fault_family).isSafety,
    isEmergency: ticket.is_emergency,
    hasDevice: ticket.device_id !== null && ticket.unit_id !== null,
  };
}

/** What speaks for and against a run on the ticket's unit, which the caller holds; undefined where it has none. */
export async function unitFacts(
  { clock }: Pick<TicketDeps, 'clock'>,
  tx: Tx,
  { ticket, playbook }: { readonly ticket: TicketRow; readonly playbook: Playbook },
): Promise<UnitFacts | undefined> {
  const unit = ticket.unit_id === null ? undefined : await findUnit(tx, ticket.unit_id);
  if (unit === undefined) return undefined;
  const nowMs = clock.nowMs();
  const sinceMs = nowMs - Math.max(playbook.windowMs, playbook.coolDownMs) - RUN_MARGIN_MS;
  const runs = await runsOfFault(tx, { unitId: unit.id, faultFamily: ticket.fault_family, sinceMs });
  return { kind: unit.kind, ...(await hazardsOf(tx, unit.id)), ...runs, nowMs };
}

async function refusalOfUnit(
  deps: Pick<TicketDeps, 'clock'>,
  tx: Tx,
  { ticket, playbook }: { readonly ticket: TicketRow; readonly playbook: Playbook },
): Promise<Refusal | null> {
  const facts = await unitFacts(deps, tx, { ticket, playbook });
  return facts === undefined ? 'no_device' : refusalByUnit(playbook, facts);
}

/** A run that began this long before a window may have ended inside it. */
const RUN_MARGIN_MS = 86_400_000;

/** Starts a run that may run; its first command goes with the next sweep. The caller holds unit and ticket. */
export async function startRun(
  deps: TicketDeps,
  tx: Tx,
  { ticket, playbook, actor }: Start,
): Promise<TicketRow> {
  const { id: ticketId, unit_id: unitId, device_id: deviceId } = ticket;
  const nowMs = deps.clock.nowMs();
  const runId = newId();
  await tx
    .withTables<RepairTables>()
    .insertInto('repair_run')
    .values({
      id: runId,
      ticket_id: ticketId,
      unit_id: unitId ?? '',
      device_id: deviceId ?? '',
      component: ticket.component,
      fault_family: ticket.fault_family,
      playbook: playbook.id,
      status: 'running',
      reason: null,
      started_by: actorId(actor),
      started_at: new Date(nowMs),
      due_at: new Date(nowMs),
    })
    .execute();
  await startClocks(tx, [{ kind: 'T7', ticketId, workOrderId: null, startedAtMs: nowMs }]);
  await deps.audit.record(tx, {
    actor,
    action: 'repair.start',
    entity: 'repair_run',
    entityId: runId,
    fields: { ticketId: { to: ticketId }, playbook: { to: playbook.id } },
  });
  const row =
    ticket.status === 'assessed' ? await moveTicket(deps, tx, { ticket, action: 'start', actor }) : ticket;
  const { status } = row;
  await noteTicketEvent(tx, {
    ticketId,
    atMs: nowMs,
    action: 'remote_start',
    from: status,
    to: status,
    actor,
    reason: playbook.id,
  });
  return row;
}
