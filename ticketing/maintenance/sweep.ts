import { sql } from 'kysely';
import type { Reason } from '#contracts/alarms.ts';
import type { Prognosis, PrognosisQuestion } from '#contracts/prognosis.ts';
import type { LocalText } from '#contracts/text.ts';
import type { Audit } from '#platform/audit/audit.ts';
import type { Clock } from '#platform/clock.ts';
import type { Db, Tx } from '#platform/db/db.ts';
import type { Logger } from '#platform/log.ts';
import type { Outbox } from '#platform/outbox/outbox.ts';
import { findUnit } from '../units/index.ts';
import { type Due, decideDue, nextCheckInMs, orderAtMs } from './core/due-date.ts';
import { allTemplates, lockPlan } from './plan-store.ts';
import type { MaintenanceTables, PlanRow, TemplateRow } from './tables.ts';

/** Foresees when a metric reaches its limit, from stored history; may be slow, and throws when the store is away. */
export type Forecast = (question: PrognosisQuestion) => Promise<Prognosis>;

/** A maintenance order that a plan asks for. */
export interface MaintenanceOrder {
  readonly planId: string;
  readonly unitId: string;
  readonly deviceId: string | null;
  readonly dueAtMs: number;
  readonly title: LocalText;
  readonly reason: Reason;
}

/** Opens the work order in the caller's transaction, so that plan and order stand or fall together. */
export type OpenMaintenanceOrder = (tx: Tx, order: MaintenanceOrder) => Promise<{ workOrderId: string }>;

export interface SweepDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly audit: Audit;
  readonly outbox: Outbox;
  readonly log: Logger;
  readonly forecast: Forecast;
  readonly openMaintenanceOrder: OpenMaintenanceOrder;
}

export interface SweepResult {
  readonly checked: number;
  readonly opened: number;
  readonly forecastsFailed: number;
  /** Plans whose look failed otherwise; their claim ends and they are looked at again. */
  readonly failed: number;
}

const DAY_MS = 86_400_000;
const BATCH = 200;
/** A claimed plan whose sweep died is looked at again after this long. */
const CLAIM_MS = 300_000;
const ACTOR = { type: 'system', name: 'maintenance' } as const;

/**
 * Looks at the plans whose time has come, moves their dates and opens the orders that are due; a job runs it
 * every 10 s. Sweeps at the same time, or one that died half-way, open each order once: plans are claimed, and
 * the order, the plan's link to it and `maintenance.due` commit together under the plan's lock.
 */
export async function sweepMaintenance(deps: SweepDeps): Promise<SweepResult> {
  const plans = await claimPlans(deps);
  const tally = { checked: plans.length, opened: 0, forecastsFailed: 0, failed: 0 };
  if (plans.length === 0) return tally;
  const templates = await allTemplates(deps.db);
  let lastError: unknown;
  for (const plan of plans) {
    const look = await lookAt(deps, plan, templates.get(plan.template_id)).catch((error: unknown) => ({
      hasOpened: false,
      forecastError: undefined,
      error,
    }));
    if (look.hasOpened) tally.opened++;
    if (look.forecastError !== undefined) tally.forecastsFailed++;
    if (look.error !== undefined) tally.failed++;
    lastError = look.error ?? look.forecastError ?? lastError;
  }
  if (tally.opened > 0) deps.outbox.wake();
  if (lastError !== undefined) deps.log.warn({ err: lastError, ...tally }, 'maintenance sweep had failures');
  return tally;
}

interface Look {
  readonly hasOpened: boolean;
  readonly forecastError: unknown;
  readonly error: unknown;
}

async function lookAt(deps: SweepDeps, plan: PlanRow, template: TemplateRow | undefined): Promise<Look> {
  if (template === undefined) return { hasOpened: false, forecastError: undefined, error: undefined };
  const answer = await ask(deps, plan, template);
  const isAnswered = 'prognosis' in answer;
  const check = {
    template,
    prognosis: isAnswered ? answer.prognosis : null,
    isCounted: isAnswered,
    seenVersion: plan.version,
  };
  const hasOpened = await deps.db
    .transaction()
    .execute(async (tx) => applyCheck(deps, { tx, plan: await lockPlan(tx, plan.id) }, check));
  return { hasOpened, forecastError: isAnswered ? undefined : answer.error, error: undefined };
}

async function claimPlans({ db, clock }: SweepDeps): Promise<PlanRow[]> {
  const now = clock.nowMs();
  const tables = db.withTables<MaintenanceTables>();
  return tables
    .updateTable('maintenance_plan')
    .set({ next_check_at: new Date(now + CLAIM_MS) })
    .where('id', 'in', (eb) =>
      eb
        .selectFrom('maintenance_plan')
        .select('id')
        .where('status', '=', 'active')
        .where(sql<boolean>`next_check_at <= ${new Date(now)}`)
        .orderBy('next_check_at')
        .limit(BATCH)
        .forUpdate()
        .skipLocked(),
    )
    .returningAll()
    .execute();
}

/** History from before the work was last done would show wear that is gone, so the window begins there. */
async function ask(
  { forecast, clock }: SweepDeps,
  plan: PlanRow,
  template: TemplateRow,
): Promise<{ prognosis: Prognosis | null } | { error: unknown }> {
  if (plan.device_id === null) return { prognosis: null };
  const daysSinceDone =
    plan.last_done_at === null ? Number.POSITIVE_INFINITY : (clock.nowMs() - plan.last_done_at) / DAY_MS;
  if (daysSinceDone <= 0) return { prognosis: null };
  try {
    const prognosis = await forecast({
      deviceId: plan.device_id,
      kind: template.kind,
      component: plan.component,
      metric: plan.metric,
      limit: plan.limit_value,
      direction: plan.direction,
      windowDays: Math.min(template.window_days, daysSinceDone),
    });
    return { prognosis };
  } catch (error) {
    return { error };
  }
}

interface Check {
  readonly template: TemplateRow;
  readonly prognosis: Prognosis | null;
  /** False for a look at which the forecast could not be had. */
  readonly isCounted: boolean;
  readonly seenVersion: number;
}

/** Returns whether an order was opened. A plan that changed since it was read is left for its next look. */
async function applyCheck(
  deps: SweepDeps,
  { tx, plan }: { readonly tx: Tx; readonly plan: PlanRow },
  check: Check,
): Promise<boolean> {
  if (plan.version !== check.seenVersion || plan.status !== 'active') return false;
  const now = deps.clock.nowMs();
  const current = { dueAtMs: plan.due_at, reason: plan.due_reason };
  const due = decideDue({
    nowMs: now,
    sinceMs: plan.last_done_at ?? plan.created_at,
    intervalDays: plan.interval_days,
    current,
    prognosis: check.prognosis,
    previousState: plan.prognosis?.state ?? null,
  });
  const workOrderId = await openWhenDue(deps, { tx, plan, due, title: check.template.label });
  const state = check.prognosis?.state ?? null;
  const checks = nextChecks(plan.checks, state, check.isCounted);
  const hasMoved = due.dueAtMs !== current.dueAtMs;
  await tx
    .withTables<MaintenanceTables>()
    .updateTable('maintenance_plan')
    .set({
      due_at: new Date(due.dueAtMs),
      due_reason: JSON.stringify(due.reason),
      ...(check.prognosis && { prognosis: JSON.stringify(check.prognosis) }),
      checks,
      next_check_at: new Date(
        nextCheckAtMs(plan, due, { now, waitMs: nextCheckInMs(plan.checks + 1, state) }),
      ),
      ...(workOrderId !== null && { work_order_id: workOrderId }),
      ...((hasMoved || workOrderId !== null) && { version: plan.version + 1 }),
    })
    .where('id', '=', plan.id)
    .execute();
  if (hasMoved || workOrderId !== null) {
    await deps.audit.record(tx, {
      actor: ACTOR,
      action: workOrderId === null ? 'maintenance_plan.due_moved' : 'maintenance_plan.order_opened',
      entity: 'maintenance_plan',
      entityId: plan.id,
      fields: {
        dueAt: { from: current.dueAtMs, to: due.dueAtMs },
        dueReason: { from: current.reason.code, to: due.reason.code },
        ...(workOrderId !== null && { workOrderId: { from: null, to: workOrderId } }),
      },
    });
  }
  return workOrderId !== null;
}

function nextChecks(checks: number, state: Prognosis['state'] | null, isCounted: boolean): number {
  if (state === 'trend') return 0;
  return isCounted ? checks + 1 : checks;
}

/** The usual wait, cut short where the order's own moment comes before. */
function nextCheckAtMs(
  plan: PlanRow,
  due: Due,
  { now, waitMs }: { readonly now: number; readonly waitMs: number },
): number {
  const openMs = openAtMs(plan, due);
  return openMs > now ? Math.min(now + waitMs, openMs) : now + waitMs;
}

function openAtMs(plan: PlanRow, due: Due): number {
  return Math.max(orderAtMs(due.dueAtMs, plan.lead_days), plan.hold_until ?? 0);
}

interface Opening {
  readonly tx: Tx;
  readonly plan: PlanRow;
  readonly due: Due;
  readonly title: LocalText;
}

async function openWhenDue(deps: SweepDeps, { tx, plan, due, title }: Opening): Promise<string | null> {
  const now = deps.clock.nowMs();
  if (plan.work_order_id !== null || openAtMs(plan, due) > now) return null;
  if ((await findUnit(tx, plan.unit_id))?.status !== 'in_service') return null;
  const { workOrderId } = await deps.openMaintenanceOrder(tx, {
    planId: plan.id,
    unitId: plan.unit_id,
    deviceId: plan.device_id,
    dueAtMs: due.dueAtMs,
    title,
    reason: due.reason,
  });
  await deps.outbox.publish(tx, [
    { type: 'maintenance.due', data: { planId: plan.id, unitId: plan.unit_id, dueAtMs: due.dueAtMs } },
  ]);
  return workOrderId;
}
