import { faultFamily } from '#contracts/faults.ts';
import { isoTime, isoTimeOrNull } from '#contracts/time.ts';
import type { WorkOrder, WorkOrderDetail } from '#contracts/work-orders.ts';
import type { Db } from '#platform/db/db.ts';
import { allowedActions } from '../core/state-machine.ts';
import { WORK_ORDER_MACHINE } from '../core/work-order-machine.ts';
import { clocksOf } from '../sla/index.ts';
import { findTicket, reportsOf } from '../tickets/index.ts';
import { type UnitCard, unitCard } from '../units/index.ts';
import { missingDispatchData } from './dispatch-data.ts';
import type { WorkOrderDeps } from './ports.ts';
import type { WorkOrderRow, WorkOrderTables } from './tables.ts';

/** What a list shows of an order: not its records, which may be large. */
export const LISTED_COLUMNS = [
  'id',
  'number',
  'version',
  'ticket_id',
  'unit_id',
  'device_id',
  'component',
  'kind',
  'status',
  'technician_id',
  'assistant_ids',
  'centre_id',
  'priority',
  'verification',
  'title',
  'plan_id',
  'due_at',
  'hold_reason',
  'opened_at',
] as const satisfies readonly (keyof WorkOrderRow)[];

export function toWorkOrder(row: Pick<WorkOrderRow, (typeof LISTED_COLUMNS)[number]>): WorkOrder {
  return {
    id: row.id,
    number: row.number,
    version: row.version,
    ticketId: row.ticket_id,
    unitId: row.unit_id,
    deviceId: row.device_id,
    component: row.component,
    kind: row.kind,
    status: row.status,
    technicianId: row.technician_id,
    assistantIds: row.assistant_ids,
    centreId: row.centre_id,
    priority: row.priority,
    verification: row.verification,
    title: row.title,
    planId: row.plan_id,
    dueAt: isoTimeOrNull(row.due_at),
    holdReason: row.hold_reason,
    openedAt: isoTime(row.opened_at),
  };
}

/** The whole order card. */
export async function toWorkOrderDetail(deps: WorkOrderDeps, row: WorkOrderRow): Promise<WorkOrderDetail> {
  const { db } = deps;
  const card = row.unit_id === null ? undefined : await unitCard(db, row.unit_id);
  return {
    ...toWorkOrder(row),
    ...unitPart(card),
    ...(await faultPart(db, row)),
    ...recordPart(row),
    remoteAttempts: row.ticket_id === null ? [] : await remoteAttempts(deps, row.ticket_id),
    steps: Object.fromEntries(Object.entries(row.steps).map(([step, ms]) => [step, isoTime(ms)])),
    declineCount: row.decline_count,
    missing: missingDispatchData(row, card),
    masked: [],
    log: await logOf(db, row.id),
    dispatches: await deps.dispatches.ofOrder(db, row.id),
    clocks: await clocksOf(db, { workOrderId: row.id }),
    verificationEvidence: await deps.verification.ofOrder(db, row.id),
    allowedActions: [...allowedActions(WORK_ORDER_MACHINE, row.status)].filter((a) => a !== 'fail-test'),
  };
}

async function remoteAttempts({ db, tickets }: WorkOrderDeps, ticketId: string) {
  return (await tickets.repairs.ofTicket(db, ticketId)).remoteAttempts;
}

function unitPart(
  card: UnitCard | undefined,
): Pick<WorkOrderDetail, 'customer' | 'contact' | 'site' | 'unit'> {
  if (card === undefined) return { customer: null, contact: null, site: null, unit: null };
  const { unit, site, customer, contact } = card;
  return {
    customer: customer === null ? null : { id: customer.id, name: customer.name },
    contact: contact === null ? null : { name: contact.name, phone: contact.phone },
    site:
      site === null
        ? null
        : { name: site.name, address: site.address, zone: site.zone, timeZone: site.timeZone },
    unit: { id: unit.id, number: unit.number, model: unit.model, serial: unit.serial },
  };
}

async function faultPart(db: Db, row: WorkOrderRow): Promise<Pick<WorkOrderDetail, 'fault' | 'evidence'>> {
  const ticket = row.ticket_id === null ? undefined : await findTicket(db, row.ticket_id);
  if (ticket === undefined) {
    const reason = row.plan_reason;
    const planned = reason === null ? [] : [{ kind: 'plan', ref: row.plan_id ?? '', text: reason.text }];
    return {
      fault: null,
      evidence: planned.map((entry) => ({ ...entry, at: isoTime(row.opened_at) })),
    };
  }
  const reports = await reportsOf(db, ticket.id, 20);
  return {
    fault: {
      family: ticket.fault_family,
      code: ticket.fault_code,
      label: faultFamily(ticket.fault_family).label,
      summary: ticket.summary,
      coverage: ticket.coverage,
      isEmergency: ticket.is_emergency,
    },
    evidence: reports.map(({ kind, ref, at, text }) => ({ kind, ref, at, text })),
  };
}

type Records = Pick<
  WorkOrderDetail,
  | 'preliminaryCause'
  | 'plan'
  | 'confirmedCause'
  | 'etaAt'
  | 'appointment'
  | 'consent'
  | 'test'
  | 'signature'
  | 'callback'
>;

function recordPart(row: WorkOrderRow): Records {
  const { appointment, consent, test, signature, callback } = row;
  return {
    preliminaryCause: row.preliminary_cause,
    plan: row.plan,
    confirmedCause: row.confirmed_cause,
    etaAt: isoTimeOrNull(row.eta_at),
    appointment: appointment && {
      from: isoTime(appointment.fromMs),
      until: isoTime(appointment.untilMs),
      confirmedBy: appointment.confirmedBy,
    },
    consent: consent && {
      requestedAt: isoTime(consent.requestedAtMs),
      reason: consent.reason,
      amount: consent.amount,
      agreed: consent.agreed,
      by: consent.by,
      answeredAt: isoTimeOrNull(consent.answeredAtMs),
    },
    test: test && { passed: test.passed, text: test.text, at: isoTime(test.atMs) },
    signature: signature && {
      name: signature.name,
      role: signature.role,
      sha256: signature.sha256,
      refusedReason: signature.refusedReason,
      at: isoTime(signature.atMs),
    },
    callback: callback && {
      at: isoTime(callback.atMs),
      by: callback.by,
      satisfied: callback.satisfied,
      text: callback.text,
    },
  };
}

async function logOf(db: Db, orderId: string): Promise<WorkOrderDetail['log']> {
  const rows = await db
    .withTables<WorkOrderTables>()
    .selectFrom('work_order_log')
    .selectAll()
    .where('work_order_id', '=', orderId)
    .orderBy('id')
    .limit(500)
    .execute();
  return rows.map((entry) => ({
    id: entry.id,
    at: isoTime(entry.at),
    occurredAt: isoTime(entry.occurred_at),
    by: entry.actor,
    action: entry.action,
    text: entry.text,
    parts: entry.parts,
  }));
}
