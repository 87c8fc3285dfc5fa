import { Type } from 'typebox';
import { DeviceId, RecordId } from '#contracts/ids.ts';
import {
  MAINTENANCE_PLAN_STATUSES,
  MaintenancePlan,
  MaintenancePlanChange,
  NewMaintenancePlan,
} from '#contracts/maintenance.ts';
import { Instant } from '#contracts/time.ts';
import type { Db } from '#platform/db/db.ts';
import { notFound } from '#platform/errors.ts';
import { etag, requireIfMatch } from '#platform/http/etag.ts';
import { Page, PageQuery } from '#platform/http/page.ts';
import type { Routes } from '#platform/http/routes.ts';
import { addPlan, changePlan, listPlans, type PlanCommandDeps } from './plan-commands.ts';
import { findPlan, lockPlan, toPlan } from './plan-store.ts';

const tags = ['maintenance'];
const READ = { permission: 'maintenance:read' } as const;
const WRITE = { permission: 'maintenance:write' } as const;
const Params = Type.Object({ id: RecordId });
const Query = Type.Object({
  ...PageQuery,
  unitId: Type.Optional(RecordId),
  deviceId: Type.Optional(DeviceId),
  status: Type.Optional(Type.Enum(MAINTENANCE_PLAN_STATUSES)),
  dueBefore: Type.Optional(
    Type.Union(Instant.anyOf, { description: 'due before then: ISO 8601 or epoch ms' }),
  ),
});

/** /maintenance-plans: list, add from a template, one, change. */
export function maintenanceRoutes(deps: PlanCommandDeps & { readonly db: Db }): Routes {
  const { db } = deps;
  return (app) => {
    app.get(
      '/maintenance-plans',
      {
        config: READ,
        schema: {
          tags,
          summary: 'Maintenance plans',
          querystring: Query,
          response: { 200: Page(MaintenancePlan) },
        },
      },
      (request) => listPlans(db, request.query),
    );
    app.get(
      '/maintenance-plans/:id',
      {
        config: READ,
        schema: {
          tags,
          summary: 'A maintenance plan, with why it is due when it is',
          params: Params,
          response: { 200: MaintenancePlan },
        },
      },
      async ({ params }, reply) => {
        const plan = await findPlan(db, params.id);
        if (plan === undefined) throw notFound('maintenance_plan', params.id);
        reply.header('etag', etag(plan.version));
        return toPlan(plan);
      },
    );
    app.post(
      '/maintenance-plans',
      {
        config: WRITE,
        schema: {
          tags,
          summary: 'Plan maintenance of a unit, from a template',
          description:
            'The plan is due after its interval, or sooner where the trend of its metric says so; a work order opens `leadDays` before.',
          body: NewMaintenancePlan,
          response: { 201: MaintenancePlan },
        },
      },
      async ({ actor, body }, reply) => {
        const plan = await db.transaction().execute((tx) => addPlan(deps, tx, { actor, plan: body }));
        return reply.code(201).header('etag', etag(plan.version)).send(plan);
      },
    );
    app.patch(
      '/maintenance-plans/:id',
      {
        config: WRITE,
        schema: {
          tags,
          summary: 'Change a maintenance plan, pause it, or set its date by hand',
          description: '`dueAt: null` gives the date back to interval and trend.',
          params: Params,
          body: MaintenancePlanChange,
          response: { 200: MaintenancePlan },
        },
      },
      async (request, reply) => {
        const plan = await db.transaction().execute(async (tx) => {
          const current = await lockPlan(tx, request.params.id);
          requireIfMatch(request, current.version);
          return changePlan(deps, tx, { actor: request.actor, current, change: request.body });
        });
        reply.header('etag', etag(plan.version));
        return plan;
      },
    );
  };
}
