import type { EventMap } from '#contracts/events.ts';
import { faultFamily } from '#contracts/faults.ts';
import { PRIORITIES, priorityOf } from '#contracts/priority.ts';
import type { AssessTicket } from '#contracts/tickets.ts';
import { type Actor, actorId } from '#platform/auth/actor.ts';
import type { Tx } from '#platform/db/db.ts';
import { AftercareError } from '#platform/errors.ts';
import { findUnit, lockUnits } from '../units/index.ts';
import { acknowledgeTicket, lockTicket, moveTicket, noteTicketEvent } from './move-ticket.ts';
import { classify, faultKey } from './open-ticket.ts';
import { NO_ORDERS, type TicketDeps } from './ports.ts';
import type { TicketChange, TicketRow, TicketTables } from './tables.ts';

type Alarm = Pick<EventMap['alarm.raised'], 'ruleId' | 'ruleVersion' | 'faultFamily' | 'faultCode'>;

interface MachineAct {
  readonly ticket: TicketRow;
  readonly alarm: Alarm;
  readonly actor: Actor;
  /** Opened in this transaction: there is no work on it yet. */
  readonly isNew?: boolean;
}

/**
 * The rule's or the fault code's own assessment (requirement W), and what follows from it: a remote repair where
 * the fault's playbook may run (A11), else an order.
 */
export async function assessByMachine(
  deps: TicketDeps,
  tx: Tx,
  { ticket, alarm, actor, isNew = false }: MachineAct,
): Promise<TicketRow> {
  const { cause, plan } = faultFamily(ticket.fault_family);
  const coverage = await coverageOf(deps, tx, ticket.unit_id);
  const row = await moveTicket(deps, tx, {
    ticket: { ...ticket, awaits_read_back: false },
    action: 'assess',
    actor,
    set: {
      assessed_by: assessorOf(alarm),
      assessed_at: new Date(deps.clock.nowMs()),
      preliminary_cause: JSON.stringify(cause),
      plan: JSON.stringify(plan),
      coverage,
      on_site: true,
      awaits_read_back: false,
    },
  });
  const orders = isNew ? undefined : (await deps.orders.summarise(tx, [row.id])).get(row.id);
  if (orders !== undefined && orders.unfinished > 0) return row;
  const underRepair = await deps.repairs.begin(tx, row);
  if (underRepair !== null) return underRepair;
  await deps.orders.open(tx, { ticket: row, kind: 'repair', preferTechnicianId: null });
  return row;
}

function assessorOf({ ruleId, ruleVersion, faultCode, faultFamily: family }: Alarm): string {
  return ruleId === null ? `fault:${faultCode ?? family}` : `rule:${ruleId}@${ruleVersion ?? 1}`;
}

async function coverageOf(deps: TicketDeps, tx: Tx, unitId: string | null) {
  const unit = unitId === null ? undefined : await findUnit(tx, unitId);
  if (unit === undefined || unit.warrantyUntil === null) return 'unknown';
  return Date.parse(unit.warrantyUntil) >= deps.clock.nowMs() ? 'in_warranty' : 'out_of_warranty';
}

/** What a fault turned out to be, and the alarm or request that says so. */
export interface FoundFault {
  readonly ref: string;
  readonly faultFamily: string;
  readonly faultCode: string | null;
  readonly component: string;
  readonly deviceId: string | null;
}

/** Gives a report without a family the one that was found since, and the higher of both priorities. */
export async function reclassify(
  deps: TicketDeps,
  tx: Tx,
  { ticket, found, actor }: { readonly ticket: TicketRow; readonly found: FoundFault; readonly actor: Actor },
): Promise<TicketRow> {
  const { category, impact, urgency, isEmergency } = classify(found.faultFamily);
  const higher = priorityOf(impact, urgency);
  const isHigher = PRIORITIES.indexOf(higher) < PRIORITIES.indexOf(ticket.priority);
  const row = await update(tx, ticket.id, {
    fault_family: found.faultFamily,
    fault_code: found.faultCode,
    fault_key: faultKey({ unitId: ticket.unit_id, ...found }),
    component: found.component,
    device_id: found.deviceId ?? ticket.device_id,
    category,
    impact,
    urgency,
    is_emergency: isEmergency || ticket.is_emergency,
    priority: isHigher ? higher : ticket.priority,
  });
  await noteTicketEvent(tx, {
    ticketId: ticket.id,
    atMs: deps.clock.nowMs(),
    action: 'reclassify',
    from: ticket.status,
    to: ticket.status,
    actor,
    reason: found.ref,
  });
  await deps.audit.record(tx, {
    actor,
    action: 'ticket.reclassify',
    entity: 'ticket',
    entityId: ticket.id,
    fields: { faultFamily: { from: ticket.fault_family, to: found.faultFamily } },
  });
  return row;
}

async function update(tx: Tx, id: string, change: TicketChange): Promise<TicketRow> {
  return tx
    .withTables<TicketTables>()
    .updateTable('ticket')
    .set(change)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

/**
 * A person's assessment (requirements C2, C5, C6): opens a work order where somebody must go and none is open. A
 * new family that another open ticket has already is 409.
 */
export async function assessTicket(
  deps: TicketDeps,
  tx: Tx,
  {
    ticket,
    by,
    assessment,
  }: { readonly ticket: TicketRow; readonly by: Actor; readonly assessment: AssessTicket },
): Promise<TicketRow> {
  const nowMs = deps.clock.nowMs();
  const familyId = assessment.faultFamily ?? ticket.fault_family;
  const family = faultFamily(familyId);
  const onSite = assessment.onSite ?? true;
  const text = (own: string | undefined, known: { en: string; 'zh-CN': string }) =>
    JSON.stringify(own === undefined ? known : { 'zh-CN': own, en: own });
  const row = await moveTicket(deps, tx, {
    ticket,
    action: 'assess',
    actor: by,
    set: {
      category: assessment.category,
      impact: assessment.impact,
      urgency: assessment.urgency,
      priority: priorityOf(assessment.impact, assessment.urgency),
      is_emergency: assessment.category === 'emergency_repair',
      coverage: assessment.coverage,
      on_site: onSite,
      assessed_by: actorId(by),
      assessed_at: new Date(nowMs),
      preliminary_cause: text(assessment.preliminaryCause, ticket.preliminary_cause ?? family.cause),
      plan: text(assessment.plan, ticket.plan ?? family.plan),
      ...(await familyChange(tx, ticket, familyId)),
    },
  });
  await acknowledgeTicket(deps, tx, { ticketId: row.id, atMs: nowMs });
  const summary = (await deps.orders.summarise(tx, [row.id])).get(row.id) ?? NO_ORDERS;
  if (onSite && summary.unfinished === 0) {
    const kind = row.category === 'preventive_maintenance' ? 'maintenance' : 'repair';
    await deps.orders.open(tx, { ticket: row, kind, preferTechnicianId: null });
  }
  return row;
}

async function familyChange(tx: Tx, ticket: TicketRow, familyId: string): Promise<TicketChange> {
  if (familyId === ticket.fault_family) return {};
  const key = faultKey({ unitId: ticket.unit_id, component: ticket.component, faultFamily: familyId });
  const taken = await tx
    .withTables<TicketTables>()
    .selectFrom('ticket')
    .select('number')
    .where('fault_key', '=', key ?? '')
    .where('status', 'not in', ['closed', 'cancelled', 'merged'])
    .where('id', '!=', ticket.id)
    .executeTakeFirst();
  if (taken !== undefined) {
    throw new AftercareError('TICKET_FAULT_HAS_TICKET', `${taken.number} is open for this fault already`, {
      kind: 'conflict',
    });
  }
  return { fault_family: familyId, fault_key: key };
}

/**
 * The unit (where known) and then the ticket, held: what whoever reclassifies, reopens or opens an order takes
 * first.
 */
export async function lockUnitAndTicket(tx: Tx, id: string): Promise<TicketRow | undefined> {
  const peek = await tx
    .withTables<TicketTables>()
    .selectFrom('ticket')
    .select('unit_id')
    .where('id', '=', id)
    .executeTakeFirst();
  if (peek === undefined) return undefined;
  if (peek.unit_id !== null) await lockUnits(tx, [peek.unit_id]);
  return lockTicket(tx, id);
}
