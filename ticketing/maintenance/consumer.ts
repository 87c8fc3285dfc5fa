import type { DomainEvent, EventType } from '#contracts/events.ts';
import type { Audit } from '#platform/audit/audit.ts';
import type { Clock } from '#platform/clock.ts';
import type { Tx } from '#platform/db/db.ts';
import type { Consumer } from '#platform/outbox/outbox.ts';
import { findUnit } from '../units/index.ts';
import { decideDue, nextCheckInMs } from './core/due-date.ts';
import { allTemplates, insertPlan, type PlanSeed, termsOf } from './plan-store.ts';
import type { MaintenanceTables } from './tables.ts';

export interface MaintenanceConsumerDeps {
  readonly audit: Audit;
  readonly clock: Clock;
}

const ACTOR = { type: 'system', name: 'maintenance' } as const;
/** A person who cancels an order says "not now": the plan opens no other for this long. */
const CANCELLED_HOLD_MS = 7 * 86_400_000;
const DONE = ['reviewed', 'archived'];

/**
 * Gives a registered device's unit the plans of every template for its kind, and lets a plan begin anew when
 * its order ends.
 */
export function createMaintenanceConsumer(deps: MaintenanceConsumerDeps): Consumer {
  return {
    name: 'maintenance-plans',
    events: ['device.registered', 'device.changed', 'work_order.changed'],
    handle: async (tx, events) => {
      for (const event of events) {
        if (is(event, 'device.registered') || is(event, 'device.changed')) {
          await planForDevice(deps, tx, event.data);
        } else if (is(event, 'work_order.changed')) {
          await rearm(deps, tx, event);
        }
      }
    },
  };
}

function is<T extends EventType>(event: DomainEvent, type: T): event is DomainEvent<T> {
  return event.type === type;
}

async function planForDevice(
  { audit, clock }: MaintenanceConsumerDeps,
  tx: Tx,
  { deviceId, unitId }: { readonly deviceId: string; readonly unitId: string },
): Promise<void> {
  const unit = await findUnit(tx, unitId);
  if (unit === undefined) return;
  const plans = tx.withTables<MaintenanceTables>();
  await plans
    .updateTable('maintenance_plan')
    .set({ device_id: null })
    .where('device_id', '=', deviceId)
    .where('unit_id', '<>', unitId)
    .execute();
  await plans
    .updateTable('maintenance_plan')
    .set({ device_id: deviceId })
    .where('unit_id', '=', unitId)
    .where('device_id', 'is', null)
    .execute();
  for (const template of (await allTemplates(tx)).values()) {
    if (template.kind !== unit.kind) continue;
    for (const component of termsOf(template, unit.model).components) {
      await planPart({ audit, clock }, tx, { unit, deviceId, template, component });
    }
  }
}

async function planPart(
  { audit, clock }: MaintenanceConsumerDeps,
  tx: Tx,
  part: Pick<PlanSeed, 'unit' | 'template' | 'component'> & { readonly deviceId: string },
): Promise<void> {
  const { unit, deviceId, template, component } = part;
  const plan = await insertPlan(tx, {
    ...part,
    leadDays: template.lead_days,
    intervalDays: template.interval_days,
    nowMs: clock.nowMs(),
  });
  if (plan === undefined) return;
  await audit.record(tx, {
    actor: ACTOR,
    action: 'maintenance_plan.created',
    entity: 'maintenance_plan',
    entityId: plan.id,
    fields: {
      unitId: { to: unit.id },
      deviceId: { to: deviceId },
      templateId: { to: template.id },
      ...(component !== '' && { component: { to: component } }),
    },
  });
}

async function rearm(
  { audit, clock }: MaintenanceConsumerDeps,
  tx: Tx,
  { at, data }: DomainEvent<'work_order.changed'>,
): Promise<void> {
  const isDone = DONE.includes(data.to);
  if (!isDone && data.to !== 'cancelled') return;
  const plans = tx.withTables<MaintenanceTables>();
  const plan = await plans
    .selectFrom('maintenance_plan')
    .selectAll()
    .where('work_order_id', '=', data.workOrderId)
    .forUpdate()
    .executeTakeFirst();
  if (plan === undefined) return;
  const now = clock.nowMs();
  const begun = {
    work_order_id: null,
    checks: 0,
    next_check_at: new Date(now + nextCheckInMs(0, null)),
    version: plan.version + 1,
  };
  const { dueAtMs, reason } = decideDue({
    nowMs: now,
    sinceMs: at,
    intervalDays: plan.interval_days,
    current: null,
    prognosis: null,
    previousState: null,
  });
  const end = isDone
    ? {
        last_done_at: new Date(at),
        due_at: new Date(dueAtMs),
        due_reason: JSON.stringify(reason),
        prognosis: null,
        hold_until: null,
      }
    : { hold_until: new Date(at + CANCELLED_HOLD_MS) };
  await plans
    .updateTable('maintenance_plan')
    .set({ ...begun, ...end })
    .where('id', '=', plan.id)
    .execute();
  await audit.record(tx, {
    actor: ACTOR,
    action: isDone ? 'maintenance_plan.done' : 'maintenance_plan.order_cancelled',
    entity: 'maintenance_plan',
    entityId: plan.id,
    fields: {
      workOrderId: { from: data.workOrderId, to: null },
      ...(isDone && {
        dueAt: { from: plan.due_at, to: dueAtMs },
        lastDoneAt: { from: plan.last_done_at, to: at },
      }),
    },
  });
}
