import type { Reason } from '#contracts/alarms.ts';
import { faultFamily } from '#contracts/faults.ts';
import type { Priority } from '#contracts/priority.ts';
import type { WorkOrderKind } from '#contracts/statuses.ts';
import type { LocalText } from '#contracts/text.ts';
import type { Actor } from '#platform/auth/actor.ts';
import type { Tx } from '#platform/db/db.ts';
import { newId } from '#platform/ids.ts';
import type { NewTicketOrder } from '../tickets/index.ts';
import type { WorkOrderDeps } from './ports.ts';
import type { WorkOrderTables } from './tables.ts';

type OpenDeps = Pick<WorkOrderDeps, 'audit' | 'outbox' | 'clock'>;

const SYSTEM: Actor = { type: 'system', name: 'ticketing' };

interface NewOrder {
  readonly ticketId: string | null;
  readonly unitId: string | null;
  readonly deviceId: string | null;
  readonly component: string;
  readonly kind: WorkOrderKind;
  readonly priority: Priority;
  readonly isEmergency: boolean;
  readonly skill: string;
  readonly title: LocalText;
  readonly preferTechnicianId: string | null;
  readonly cause: LocalText | null;
  readonly plan: LocalText | null;
  readonly needsConsent: boolean;
  readonly planned: { readonly planId: string; readonly reason: Reason; readonly dueAtMs: number } | null;
}

/** Opens a ticket's order, planned: dispatch takes it from there. */
export async function openTicketOrder(
  deps: OpenDeps,
  tx: Tx,
  { ticket, kind, preferTechnicianId }: NewTicketOrder,
): Promise<string> {
  const family = faultFamily(ticket.fault_family);
  return insertOrder(deps, tx, {
    ticketId: ticket.id,
    unitId: ticket.unit_id,
    deviceId: ticket.device_id,
    component: ticket.component,
    kind,
    priority: ticket.priority,
    isEmergency: ticket.is_emergency,
    skill: family.skill,
    title: family.label,
    preferTechnicianId,
    cause: ticket.preliminary_cause,
    plan: ticket.plan,
    needsConsent: ticket.coverage === 'out_of_warranty',
    planned: null,
  });
}

/** Maintenance that a plan found due: what, when and why. */
export interface MaintenanceOrder {
  readonly planId: string;
  readonly unitId: string;
  readonly deviceId: string | null;
  readonly dueAtMs: number;
  readonly title: LocalText;
  readonly reason: Reason;
}

/**
 * Opens a plan's order. While an earlier one of the same plan is unfinished, nothing is opened: that one's due
 * date moves, and its id is given.
 */
export async function openMaintenanceOrder(
  deps: OpenDeps,
  tx: Tx,
  order: MaintenanceOrder,
): Promise<{ workOrderId: string }> {
  const { planId, reason, dueAtMs } = order;
  const moved = await tx
    .withTables<WorkOrderTables>()
    .updateTable('work_order')
    .set({ due_at: new Date(dueAtMs), plan_reason: JSON.stringify(reason) })
    .where('plan_id', '=', planId)
    .where('status', 'not in', ['tested', 'signed', 'submitted', 'reviewed', 'archived', 'cancelled'])
    .returning('id')
    .executeTakeFirst();
  if (moved !== undefined) return { workOrderId: moved.id };
  const workOrderId = await insertOrder(deps, tx, {
    ticketId: null,
    unitId: order.unitId,
    deviceId: order.deviceId,
    component: '',
    kind: 'maintenance',
    priority: 'P4',
    isEmergency: false,
    skill: 'general',
    title: order.title,
    preferTechnicianId: null,
    cause: reason.text,
    plan: order.title,
    needsConsent: false,
    planned: { planId, reason, dueAtMs },
  });
  return { workOrderId };
}

async function insertOrder(deps: OpenDeps, tx: Tx, order: NewOrder): Promise<string> {
  const id = newId();
  const now = new Date(deps.clock.nowMs());
  const { planned } = order;
  await tx
    .withTables<WorkOrderTables>()
    .insertInto('work_order')
    .values({
      id,
      ticket_id: order.ticketId,
      unit_id: order.unitId,
      device_id: order.deviceId,
      component: order.component,
      kind: order.kind,
      status: 'planned',
      priority: order.priority,
      is_emergency: order.isEmergency,
      skill: order.skill,
      title: JSON.stringify(order.title),
      technician_id: null,
      prefer_technician_id: order.preferTechnicianId,
      plan_id: planned?.planId ?? null,
      plan_reason: planned === null ? null : JSON.stringify(planned.reason),
      due_at: planned === null ? null : new Date(planned.dueAtMs),
      hold_reason: null,
      preliminary_cause: order.cause === null ? null : JSON.stringify(order.cause),
      plan: order.plan === null ? null : JSON.stringify(order.plan),
      confirmed_cause: null,
      needs_consent: order.needsConsent,
      steps: JSON.stringify({ planned: now.getTime() }),
      last_step_at: now,
      submitted_by: null,
      opened_at: now,
    })
    .execute();
  await announce(deps, tx, { id, order });
  return id;
}

async function announce(
  { audit, outbox }: OpenDeps,
  tx: Tx,
  { id, order }: { readonly id: string; readonly order: NewOrder },
): Promise<void> {
  const { ticketId, unitId, kind, priority } = order;
  await audit.record(tx, {
    actor: SYSTEM,
    action: 'work_order.open',
    entity: 'work_order',
    entityId: id,
    fields: { ticketId: { to: ticketId }, unitId: { to: unitId }, kind: { to: kind } },
  });
  await outbox.publish(tx, [
    { type: 'work_order.opened', data: { workOrderId: id, ticketId, unitId, kind, priority } },
  ]);
}
