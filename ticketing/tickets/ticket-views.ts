import type { Ticket, TicketDetail } from '#contracts/tickets.ts';
import { isoTime, isoTimeOrNull } from '#contracts/time.ts';
import type { Db, Tx } from '#platform/db/db.ts';
import { allowedActions } from '../core/state-machine.ts';
import { TICKET_MACHINE } from '../core/ticket-machine.ts';
import { clocksOf } from '../sla/index.ts';
import type { TicketDeps } from './ports.ts';
import type { TicketRow, TicketTables } from './tables.ts';

const SHOWN_REPORTS = 100;

export function toTicket(row: TicketRow, workOrderIds: readonly string[]): Ticket {
  return {
    id: row.id,
    number: row.number,
    version: row.version,
    unitId: row.unit_id,
    deviceId: row.device_id,
    component: row.component,
    status: row.status,
    resolution: row.resolution,
    priority: row.priority,
    source: row.source,
    category: row.category,
    isEmergency: row.is_emergency,
    faultFamily: row.fault_family,
    faultCode: row.fault_code,
    summary: row.summary,
    openedAt: isoTime(row.opened_at),
    resolvedAt: isoTimeOrNull(row.resolved_at),
    closedAt: isoTimeOrNull(row.closed_at),
    workOrderIds: [...workOrderIds],
  };
}

/** A ticket with everything that happened to it. */
export async function toTicketDetail(deps: TicketDeps, row: TicketRow): Promise<TicketDetail> {
  const { db } = deps;
  const orders = (await deps.orders.summarise(db, [row.id])).get(row.id);
  return {
    ...toTicket(row, orders?.ids ?? []),
    impact: row.impact,
    urgency: row.urgency,
    coverage: row.coverage,
    onSite: row.on_site,
    assessedBy: row.assessed_by,
    assessedAt: isoTimeOrNull(row.assessed_at),
    preliminaryCause: row.preliminary_cause,
    plan: row.plan,
    allowedActions: [...allowedActions(TICKET_MACHINE, row.status)],
    reports: await reportsOf(db, row.id, SHOWN_REPORTS),
    reportCount: await countReports(db, row.id),
    timeline: await timelineOf(db, row.id),
    clocks: await clocksOf(db, { ticketId: row.id }),
    ...(await deps.repairs.ofTicket(db, row.id)),
  };
}

/** A ticket's reports, the first `limit` of them. */
export async function reportsOf(
  db: Db | Tx,
  ticketId: string,
  limit: number,
): Promise<TicketDetail['reports']> {
  const rows = await db
    .withTables<TicketTables>()
    .selectFrom('ticket_report')
    .selectAll()
    .where('ticket_id', '=', ticketId)
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map((report) => ({
    kind: report.kind,
    ref: report.ref,
    source: report.source,
    at: isoTime(report.at),
    clearedAt: isoTimeOrNull(report.cleared_at),
    text: report.text,
  }));
}

async function countReports(db: Db, ticketId: string): Promise<number> {
  const { count } = await db
    .withTables<TicketTables>()
    .selectFrom('ticket_report')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('ticket_id', '=', ticketId)
    .executeTakeFirstOrThrow();
  return count;
}

async function timelineOf(db: Db, ticketId: string): Promise<TicketDetail['timeline']> {
  const rows = await db
    .withTables<TicketTables>()
    .selectFrom('ticket_event')
    .selectAll()
    .where('ticket_id', '=', ticketId)
    .orderBy('id')
    .limit(500)
    .execute();
  return rows.map((event) => ({
    at: isoTime(event.at),
    action: event.action,
    from: event.from_status,
    to: event.to_status,
    by: event.actor,
    reason: event.reason,
  }));
}
