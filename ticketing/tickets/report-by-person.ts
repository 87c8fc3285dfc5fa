import type { Source } from '#contracts/statuses.ts';
import type { LocalText } from '#contracts/text.ts';
import type { TicketCategory } from '#contracts/tickets.ts';
import type { Actor } from '#platform/auth/actor.ts';
import type { Tx } from '#platform/db/db.ts';
import { reclassify } from './assess-ticket.ts';
import {
  explainedBy,
  openTicketsOf,
  recentlyClosedTickets,
  ticketForSymptom,
  unexplainedTickets,
} from './match-ticket.ts';
import { noteTicketEvent } from './move-ticket.ts';
import { classify, faultKey, openTicket } from './open-ticket.ts';
import type { TicketDeps } from './ports.ts';
import { reopenTicket } from './reopen-ticket.ts';
import { attachReports } from './reports.ts';
import type { TicketRow, TicketTables } from './tables.ts';

/** What a person reports; `category` null says a fault, which may have a ticket already. */
export interface PersonsReport {
  readonly requestId: string;
  readonly unitId: string | null;
  readonly deviceId: string | null;
  readonly component: string;
  readonly source: Source;
  readonly category: TicketCategory | null;
  readonly faultFamily: string;
  readonly faultCode: string | null;
  readonly summary: LocalText;
  readonly atMs: number;
  readonly actor: Actor;
}

/**
 * The ticket a person's report belongs to: the open one of the same fault, the one that closed lately, or one of
 * its own. The caller holds the unit, where it is known.
 */
export async function reportByPerson(deps: TicketDeps, tx: Tx, report: PersonsReport): Promise<TicketRow> {
  const known = report.category === null ? await knownTicket(deps, tx, report) : undefined;
  const ticket = known ?? (await openOwn(deps, tx, report));
  await attachReports(tx, [
    {
      ticketId: ticket.id,
      kind: 'request',
      ref: report.requestId,
      source: report.source,
      atMs: report.atMs,
      text: report.summary,
    },
  ]);
  return ticket;
}

async function knownTicket(deps: TicketDeps, tx: Tx, report: PersonsReport): Promise<TicketRow | undefined> {
  const { unitId, component, atMs } = report;
  if (unitId === null) return undefined;
  const nowMs = deps.clock.nowMs();
  const key = faultKey(report);
  if (key === null) return ticketForSymptom(tx, { unitId, component, nowMs });
  const open = (await openTicketsOf(tx, [key])).get(key);
  const isDone = open?.status === 'resolved' || open?.status === 'verifying';
  if (open !== undefined && !isDone) return open;
  const back = open ?? (await recentlyClosedTickets(tx, { keys: [key], nowMs })).get(key);
  if (back === undefined) return explain(deps, tx, report);
  const alarm = { alarmId: report.requestId, raisedAtMs: atMs };
  return reopenTicket(deps, tx, { ticket: back, alarm, actor: report.actor });
}

/** An earlier report in somebody's words that this one's code explains. */
async function explain(deps: TicketDeps, tx: Tx, report: PersonsReport): Promise<TicketRow | undefined> {
  const { unitId, component, actor } = report;
  if (unitId === null) return undefined;
  const reports = await unexplainedTickets(tx, { unitIds: [unitId], nowMs: deps.clock.nowMs() });
  const ticket = explainedBy({ unitId, component }, reports);
  if (ticket === undefined) return undefined;
  return reclassify(deps, tx, { ticket, found: { ...report, ref: report.requestId }, actor });
}

async function openOwn(deps: TicketDeps, tx: Tx, report: PersonsReport): Promise<TicketRow> {
  const isFault = report.category === null;
  const key = isFault ? faultKey(report) : null;
  const opened = await openTicket(deps, tx, {
    unitId: report.unitId,
    deviceId: report.deviceId,
    component: report.component,
    source: report.source,
    category: report.category ?? classify(report.faultFamily).category,
    faultFamily: report.faultFamily,
    faultCode: report.faultCode,
    faultKey: key,
    coverage: 'unknown',
    awaitsReadBack: true,
    summary: report.summary,
    openedAtMs: report.atMs,
    actor: report.actor,
  });
  if (opened !== undefined) return opened;
  const other = key === null ? undefined : (await openTicketsOf(tx, [key])).get(key);
  return other ?? openOwn(deps, tx, report);
}

/** The report has been read back to whoever made it (requirement A4): the ticket may be assessed. */
export async function confirmReport(
  { clock }: Pick<TicketDeps, 'clock'>,
  tx: Tx,
  { ticketId, actor }: { readonly ticketId: string; readonly actor: Actor },
): Promise<void> {
  const row = await tx
    .withTables<TicketTables>()
    .updateTable('ticket')
    .set({ awaits_read_back: false })
    .where('id', '=', ticketId)
    .returning('status')
    .executeTakeFirst();
  if (row === undefined) return;
  const { status } = row;
  const atMs = clock.nowMs();
  const action = 'confirm';
  await noteTicketEvent(tx, { ticketId, atMs, action, from: status, to: status, actor, reason: null });
}
