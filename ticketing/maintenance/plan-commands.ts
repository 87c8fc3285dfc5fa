import { sql } from 'kysely';
import type {
  MaintenancePlan,
  MaintenancePlanChange,
  MaintenancePlanStatus,
  NewMaintenancePlan,
} from '#contracts/maintenance.ts';
import { type Instant, instantMs } from '#contracts/time.ts';
import type { Audit } from '#platform/audit/audit.ts';
import { changedFields, newFields } from '#platform/audit/changed-fields.ts';
import { type Actor, actorId } from '#platform/auth/actor.ts';
import type { Clock } from '#platform/clock.ts';
import type { Db, Tx } from '#platform/db/db.ts';
import { AftercareError, invalidField } from '#platform/errors.ts';
import { decodeRecordCursor, type PageOf, type PageQueryOf, pageOf } from '#platform/http/page.ts';
import { findUnit } from '../units/index.ts';
import { type Due, decideDue, manualDue } from './core/due-date.ts';
import { allTemplates, insertPlan, termsOf, toPlan } from './plan-store.ts';
import type { MaintenanceTables, PlanRow, TemplateRow } from './tables.ts';

export interface PlanCommandDeps {
  readonly audit: Audit;
  readonly clock: Clock;
}

export interface PlanQuery extends PageQueryOf {
  readonly unitId?: string;
  readonly deviceId?: string;
  readonly status?: MaintenancePlanStatus;
  readonly dueBefore?: Instant;
}

/** Plans, the newest first. */
export async function listPlans(db: Db, query: PlanQuery): Promise<PageOf<MaintenancePlan>> {
  const { limit = 50, unitId, deviceId, status, dueBefore } = query;
  const after = decodeRecordCursor(query.cursor);
  let select = db.withTables<MaintenanceTables>().selectFrom('maintenance_plan').selectAll();
  if (after !== undefined) select = select.where('id', '<', after);
  if (unitId !== undefined) select = select.where('unit_id', '=', unitId);
  if (deviceId !== undefined) select = select.where('device_id', '=', deviceId);
  if (status !== undefined) select = select.where('status', '=', status);
  if (dueBefore !== undefined) {
    select = select.where(sql<boolean>`due_at < ${new Date(instantMs(dueBefore))}`);
  }
  const rows = await select
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute();
  return pageOf(rows, limit, toPlan);
}

/** 422 for a unit or template that is not, or does not fit; 409 when the unit has this plan already. */
export async function addPlan(
  { audit, clock }: PlanCommandDeps,
  tx: Tx,
  { actor, plan }: { readonly actor: Actor; readonly plan: NewMaintenancePlan },
): Promise<MaintenancePlan> {
  const unit = await findUnit(tx, plan.unitId);
  if (unit === undefined) {
    throw invalidField('MAINTENANCE_UNIT_UNKNOWN', 'unitId', `no unit ${plan.unitId}`);
  }
  const template = await templateFor(tx, plan.templateId, unit.kind);
  const row = await insertPlan(tx, {
    unit,
    deviceId: unit.deviceIds[0] ?? null,
    template,
    component: plan.component ?? termsOf(template, unit.model).components[0] ?? template.component,
    leadDays: plan.leadDays ?? template.lead_days,
    intervalDays: plan.intervalDays ?? template.interval_days,
    nowMs: clock.nowMs(),
  });
  if (row === undefined) {
    throw new AftercareError('MAINTENANCE_PLAN_EXISTS', `unit ${unit.number} has this plan already`, {
      kind: 'conflict',
    });
  }
  const fields = newFields(plan);
  await audit.record(tx, {
    actor,
    action: 'maintenance_plan.created',
    entity: 'maintenance_plan',
    entityId: row.id,
    fields,
  });
  return toPlan(row);
}

async function templateFor(tx: Tx, id: string, kind: string): Promise<TemplateRow> {
  const template = (await allTemplates(tx)).get(id);
  if (template === undefined) {
    throw invalidField('MAINTENANCE_TEMPLATE_UNKNOWN', 'templateId', `no template ${id}`);
  }
  if (template.kind === kind) return template;
  throw invalidField(
    'MAINTENANCE_TEMPLATE_UNFIT',
    'templateId',
    `${id} is for ${template.kind}, not ${kind}`,
  );
}

interface PlanEdit {
  readonly actor: Actor;
  readonly current: PlanRow;
  readonly change: MaintenancePlanChange;
}

/** The next sweep looks at the plan again, so that a date set to the past opens its order at once. */
export async function changePlan(
  { audit, clock }: PlanCommandDeps,
  tx: Tx,
  { actor, current, change }: PlanEdit,
): Promise<MaintenancePlan> {
  const now = clock.nowMs();
  const due = dueOf(current, { nowMs: now, actor, dueAt: change.dueAt });
  const fields = changedFields(
    {
      status: current.status,
      leadDays: current.lead_days,
      dueAt: current.due_at,
      dueReason: current.due_reason.code,
    },
    {
      status: change.status,
      leadDays: change.leadDays,
      ...(due && { dueAt: due.dueAtMs, dueReason: due.reason.code }),
    },
  );
  if (Object.keys(fields).length === 0) return toPlan(current);
  const row = await tx
    .withTables<MaintenanceTables>()
    .updateTable('maintenance_plan')
    .set({
      ...(change.status !== undefined && { status: change.status }),
      ...(change.leadDays !== undefined && { lead_days: change.leadDays }),
      ...(due && { due_at: new Date(due.dueAtMs), due_reason: JSON.stringify(due.reason) }),
      next_check_at: new Date(now),
      version: current.version + 1,
    })
    .where('id', '=', current.id)
    .returningAll()
    .executeTakeFirstOrThrow();
  await audit.record(tx, {
    actor,
    action: 'maintenance_plan.changed',
    entity: 'maintenance_plan',
    entityId: current.id,
    fields,
  });
  return toPlan(row);
}

interface DueEdit {
  readonly nowMs: number;
  readonly actor: Actor;
  readonly dueAt: MaintenancePlanChange['dueAt'];
}

function dueOf(plan: PlanRow, { nowMs, actor, dueAt }: DueEdit): Due | undefined {
  if (dueAt === undefined) return undefined;
  if (dueAt !== null) return manualDue(instantMs(dueAt), actorId(actor));
  return decideDue({
    nowMs,
    sinceMs: plan.last_done_at ?? plan.created_at,
    intervalDays: plan.interval_days,
    current: null,
    prognosis: plan.prognosis,
    previousState: null,
  });
}
