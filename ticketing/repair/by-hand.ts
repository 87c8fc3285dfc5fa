import { findPlaybook, PLAYBOOKS, type Playbook } from '#contracts/playbooks.ts';
import { isoTime } from '#contracts/time.ts';
import type { Actor } from '#platform/auth/actor.ts';
import type { Tx } from '#platform/db/db.ts';
import { AftercareError, invalidField } from '#platform/errors.ts';
import { TICKET_MACHINE } from '../core/ticket-machine.ts';
import { illegalAction } from '../enforce-move.ts';
import { acknowledgeTicket, standingAlarms, type TicketDeps, type TicketRow } from '../tickets/index.ts';
import { faultFacts, playbookOf, startRun, unitFacts } from './begin-run.ts';
import { mayStartAgainMs, type Refusal, refusalByFault, refusalByUnit } from './core/may-start.ts';
import { abortRun } from './end-run.ts';
import type { RunDeps } from './ports.ts';

/**
 * A person's remote repair, under the same limits as the machine's; but an emergency is theirs to judge. The caller
 * holds unit and ticket.
 */
export async function startByHand(
  deps: TicketDeps,
  tx: Tx,
  {
    ticket,
    actor,
    playbook: id,
  }: { readonly ticket: TicketRow; readonly actor: Actor; readonly playbook?: string },
): Promise<void> {
  const { number, status: state } = ticket;
  if (state !== 'assessed' && state !== 'in_progress') {
    throw illegalAction(TICKET_MACHINE, { id: number, state, action: 'remote-repair' });
  }
  const playbook = await allowedPlaybook(deps, tx, { ticket, id });
  if ((await standingAlarms(tx, ticket.id)).length === 0) throw refused(ticket, 'no_alarm');
  await deps.orders.cancel(tx, { ticketId: ticket.id, reason: 'remote_repair', all: false });
  const orders = (await deps.orders.summarise(tx, [ticket.id])).get(ticket.id);
  if (orders !== undefined && orders.unfinished > 0) throw refused(ticket, 'work_in_hand');
  await acknowledgeTicket(deps, tx, { ticketId: ticket.id, atMs: deps.clock.nowMs() });
  await startRun(deps, tx, { ticket, playbook, actor });
}

async function allowedPlaybook(
  deps: TicketDeps,
  tx: Tx,
  { ticket, id }: { readonly ticket: TicketRow; readonly id: string | undefined },
): Promise<Playbook> {
  const playbook = id === undefined ? playbookOf(ticket) : findPlaybook(id);
  if (id !== undefined && playbook === undefined) {
    throw invalidField('REPAIR_PLAYBOOK_UNKNOWN', 'playbook', `there is no ${id}: there are ${KNOWN}`);
  }
  const byFault = refusalByFault({ ...faultFacts(ticket), isEmergency: false, playbook });
  if (playbook === undefined || byFault !== null) throw refused(ticket, byFault ?? 'no_playbook');
  const facts = await unitFacts(deps, tx, { ticket, playbook });
  if (facts === undefined) throw refused(ticket, 'no_device');
  const byUnit = refusalByUnit(playbook, facts);
  if (byUnit !== null) throw refused(ticket, byUnit, mayStartAgainMs(playbook, facts));
  return playbook;
}

const KNOWN = PLAYBOOKS.map(({ id }) => id).join(', ');
const SEND = 'send somebody with a work order instead';

/** In the words of the person who asked; `again` is when a limit in time is over. */
const WHY: Readonly<Record<Exclude<Refusal, 'emergency'> | 'no_alarm' | 'work_in_hand', string>> = {
  safety: `a fault of the unit may hurt somebody: ${SEND}`,
  no_playbook: `no playbook is for its fault family: name one of ${KNOWN}, or ${SEND}`,
  no_device: `it has no unit with a device: ${SEND}`,
  technician_on_site: 'somebody is at the unit or on the way: leave it to them',
  wrong_kind: 'the playbook is for other equipment: name one for this kind',
  unit_suspended: 'the unit is out of service: put it in service first',
  run_in_progress: 'another repair of the unit is under way: wait for its end, or stop it',
  limit: `it was tried as often as it may be; again from $again: ${SEND}`,
  cool_down: `it was tried just now; again from $again, or ${SEND}`,
  no_alarm: `no alarm stands that could tell whether it helps: ${SEND}`,
  work_in_hand: 'somebody was sent to it: leave it to them, or cancel the work order first',
};

function refused({ number }: TicketRow, reason: string, againMs?: number): AftercareError {
  const why = Object.entries(WHY).find(([each]) => each === reason)?.[1] ?? reason;
  const told = againMs === undefined ? why : why.replace('$again', isoTime(againMs));
  return new AftercareError(
    `REPAIR_${reason.toUpperCase()}`,
    `ticket ${number} takes no remote repair now: ${told}`,
    { kind: 'conflict', fields: [{ field: 'ticket', message: reason }] },
  );
}

/** Stops a run: somebody goes instead. The caller holds unit and ticket. */
export async function stopByHand(
  deps: RunDeps,
  tx: Tx,
  { ticket, actor }: { readonly ticket: TicketRow; readonly actor: Actor },
): Promise<void> {
  if (!(await abortRun(deps, tx, { ticketId: ticket.id, reason: 'stopped', actor }))) {
    throw new AftercareError(
      'REPAIR_NOT_RUNNING',
      `no remote repair of ticket ${ticket.number} is under way`,
      {
        kind: 'conflict',
      },
    );
  }
  await deps.orders.open(tx, { ticket, kind: 'repair', preferTechnicianId: null });
}
