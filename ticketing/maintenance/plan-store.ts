import type { MaintenancePlan } from '#contracts/maintenance.ts';
import type { Prognosis } from '#contracts/prognosis.ts';
import { isoTime, isoTimeOrNull } from '#contracts/time.ts';
import type { Unit } from '#contracts/units.ts';
import type { Db, Tx } from '#platform/db/db.ts';
import { notFound } from '#platform/errors.ts';
import { newId } from '#platform/ids.ts';
import { decideDue, nextCheckInMs } from './core/due-date.ts';
import type { MaintenanceTables, ModelTerms, PlanRow, TemplateRow } from './tables.ts';

export function toPlan(row: PlanRow): MaintenancePlan {
  return {
    id: row.id,
    number: row.number,
    unitId: row.unit_id,
    deviceId: row.device_id,
    templateId: row.template_id,
    component: row.component,
    metric: row.metric,
    limit: row.limit_value,
    direction: row.direction,
    leadDays: row.lead_days,
    intervalDays: row.interval_days,
    lastDoneAt: isoTimeOrNull(row.last_done_at),
    dueAt: isoTime(row.due_at),
    dueReason: row.due_reason,
    prognosis: row.prognosis === null ? null : toPrognosis(row.prognosis),
    nextCheckAt: isoTime(row.next_check_at),
    workOrderId: row.work_order_id,
    status: row.status,
    version: row.version,
    createdAt: isoTime(row.created_at),
  };
}

function toPrognosis(prognosis: Prognosis): NonNullable<MaintenancePlan['prognosis']> {
  const trend = prognosis.state === 'trend' ? prognosis : null;
  return {
    state: prognosis.state,
    samples: prognosis.samples,
    currentValue: trend?.currentValue ?? null,
    slopePerDay: trend?.slopePerDay ?? null,
    p10At: isoTimeOrNull(trend?.p10AtMs ?? null),
    p50At: isoTimeOrNull(trend?.p50AtMs ?? null),
    p90At: isoTimeOrNull(trend?.p90AtMs ?? null),
  };
}

export async function findPlan(db: Db | Tx, id: string): Promise<PlanRow | undefined> {
  return db
    .withTables<MaintenanceTables>()
    .selectFrom('maintenance_plan')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst();
}

/** Holds the plan until the transaction ends; 404 when there is none. */
export async function lockPlan(tx: Tx, id: string): Promise<PlanRow> {
  const row = await tx
    .withTables<MaintenanceTables>()
    .selectFrom('maintenance_plan')
    .selectAll()
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) throw notFound('maintenance_plan', id);
  return row;
}

export async function allTemplates(db: Db | Tx): Promise<ReadonlyMap<string, TemplateRow>> {
  const rows = await db
    .withTables<MaintenanceTables>()
    .selectFrom('maintenance_template')
    .selectAll()
    .execute();
  return new Map(rows.map((row) => [row.id, row]));
}

/** The limit and the components that a template means for a model. */
export function termsOf({ models, limit_value, component }: TemplateRow, model: string): ModelTerms {
  return models[model] ?? { limit: limit_value, components: [component] };
}

export interface PlanSeed {
  readonly unit: Unit;
  readonly deviceId: string | null;
  readonly template: TemplateRow;
  readonly component: string;
  readonly leadDays: number;
  readonly intervalDays: number;
  readonly nowMs: number;
}

/** A plan of that template for that unit, first due at its interval; undefined when it has one already. */
export async function insertPlan(tx: Tx, seed: PlanSeed): Promise<PlanRow | undefined> {
  const { unit, deviceId, template, component, leadDays, intervalDays, nowMs } = seed;
  const due = decideDue({
    nowMs,
    sinceMs: nowMs,
    intervalDays,
    current: null,
    prognosis: null,
    previousState: null,
  });
  return tx
    .withTables<MaintenanceTables>()
    .insertInto('maintenance_plan')
    .values({
      id: newId(),
      unit_id: unit.id,
      device_id: deviceId,
      template_id: template.id,
      component,
      metric: template.metric,
      limit_value: termsOf(template, unit.model).limit,
      direction: template.direction,
      lead_days: leadDays,
      interval_days: intervalDays,
      due_at: new Date(due.dueAtMs),
      due_reason: JSON.stringify(due.reason),
      next_check_at: new Date(nowMs + nextCheckInMs(0, null)),
      created_at: new Date(nowMs),
    })
    .onConflict((conflict) => conflict.columns(['unit_id', 'template_id', 'component']).doNothing())
    .returningAll()
    .executeTakeFirst();
}
