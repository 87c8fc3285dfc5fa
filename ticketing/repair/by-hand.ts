import { findPlaybook, type Playbook } from '#contracts/playbooks.ts';
import type { Actor } from '#platform/auth/actor.ts';
import type { Tx } from '#platform/db/db.ts';
import { AftercareError, invalidField } from '#platform/errors.ts';
import { TICKET_MACHINE } from '../core/ticket-machine.ts';
import { illegalAction } from '../enforce-move.ts';
import { acknowledgeTicket, standingAlarms, type TicketDeps, type TicketRow } from '../tickets/index.ts';
import { faultFacts, playbookOf, refusalOfUnit, startRun } from './begin-run.ts';
import { refusalByFault } from './core/may-start.ts';
import { abortRun } from './end-run.ts';

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
    throw invalidField('REPAIR_PLAYBOOK_UNKNOWN', 'playbook', `there is no playbook ${id}`);
  }
  const byFault = refusalByFault({ ...faultFacts(ticket), isEmergency: false, playbook });
  if (playbook === undefined || byFault !== null) throw refused(ticket, byFault ?? 'no_playbook');
  const byUnit = await refusalOfUnit(deps, tx, { ticket, playbook });
  if (byUnit !== null) throw refused(ticket, byUnit);
  return playbook;
}

function refused({ number }: TicketRow, reason: string): AftercareError {
  return new AftercareError(
    `REPAIR_${reason.toUpperCase()}`,
    `ticket ${number} takes no remote repair now: ${reason}`,
    { kind: 'conflict', fields: [{ field: 'ticket', message: reason }] },
  );
}

/** Stops a run: somebody goes instead. The caller holds unit and ticket. */
export async function stopByHand(
  deps: TicketDeps,
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
