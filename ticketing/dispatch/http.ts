import { type Static, Type } from 'typebox';
import { RecordId } from '#contracts/ids.ts';
import {
  DISPATCH_ANSWERS,
  Dispatch,
  type DispatchCandidate,
  DispatchCandidates,
  DispatchPolicy,
} from '#contracts/work-orders.ts';
import { type Actor, partnerCentreId } from '#platform/auth/actor.ts';
import type { Db } from '#platform/db/db.ts';
import { notFound } from '#platform/errors.ts';
import { decodeRecordCursor, Page, PageQuery, pageOf } from '#platform/http/page.ts';
import type { HttpInstance, Routes } from '#platform/http/routes.ts';
import {
  dispatchPolicy,
  findOrder,
  requireVisibleOrder,
  setDispatchPolicy,
  type WorkOrderDeps,
} from '../work-orders/index.ts';
import { type DispatchTables, toDispatch } from './dispatch-records.ts';
import { type NamedCandidate, rankOrder } from './rank-order.ts';

const tags = ['dispatches'];
const config = { permission: 'work_orders:dispatch' } as const;
const ListQuery = Type.Object({
  ...PageQuery,
  answer: Type.Optional(Type.Enum(DISPATCH_ANSWERS)),
  technicianId: Type.Optional(RecordId),
  workOrderId: Type.Optional(RecordId),
});

/** /dispatches, who could be sent, and what holds for all dispatch. */
export function dispatchRoutes(deps: WorkOrderDeps): Routes {
  return (app) => {
    listRoute(deps, app);
    candidatesRoute(deps, app);
    policyRoutes(deps, app);
  };
}

function listRoute({ db }: WorkOrderDeps, app: HttpInstance): void {
  app.get(
    '/dispatches',
    {
      config,
      schema: {
        tags,
        summary: 'Assignments, the newest first: who was asked, why, and what they answered',
        description:
          '`answer=declined` and `answer=unanswered` are what a supervisor looks at. `ranking` holds the scores of the others at that moment, up to 50.',
        querystring: ListQuery,
        response: { 200: Page(Dispatch) },
      },
    },
    ({ actor, query }) => listDispatches(db, actor, query),
  );
}

async function listDispatches(db: Db, actor: Actor, query: Static<typeof ListQuery>) {
  const { limit = 50, answer, technicianId, workOrderId } = query;
  const after = decodeRecordCursor(query.cursor);
  const partner = partnerCentreId(actor);
  let select = db.withTables<DispatchTables>().selectFrom('dispatch').selectAll();
  if (after !== undefined) select = select.where('id', '<', after);
  if (partner !== null) select = select.where('centre_id', '=', partner);
  if (technicianId !== undefined) select = select.where('technician_id', '=', technicianId);
  if (workOrderId !== undefined) select = select.where('work_order_id', '=', workOrderId);
  if (answer === 'open') {
    select = select
      .where('accepted_at', 'is', null)
      .where('declined_at', 'is', null)
      .where('withdrawn_at', 'is', null);
  } else if (answer !== undefined) {
    select = select.where(`${answer}_at`, 'is not', null);
  }
  const rows = await select
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute();
  const own = partner === null ? rows : rows.map((row) => ({ ...row, ranking: null }));
  return pageOf(own, limit, toDispatch);
}

function candidatesRoute({ db, clock }: WorkOrderDeps, app: HttpInstance): void {
  app.get(
    '/work-orders/:id/candidates',
    {
      config,
      schema: {
        tags,
        summary: 'Who could be sent now, the best first, then who could not and why',
        description:
          "For a dispatcher who assigns by hand. A partner's people see their own technicians. `holdReason` is set where nobody can be sent.",
        params: Type.Object({ id: RecordId }),
        response: { 200: DispatchCandidates },
      },
    },
    async ({ actor, params }) => {
      const order = await findOrder(db, params.id);
      if (order === undefined) throw notFound('work_order', params.id);
      requireVisibleOrder(actor, order);
      const query = { atMs: clock.nowMs(), everybody: true, without: null };
      const { ranking, candidates } = await rankOrder(db, order, query);
      const partner = partnerCentreId(actor);
      const visible = candidates.filter(({ centre }) => partner === null || centre?.id === partner);
      return { items: shown(ranking, visible), holdReason: ranking.holdReason };
    },
  );
}

type Ranking = Awaited<ReturnType<typeof rankOrder>>['ranking'];

function shown({ ranked, excluded }: Ranking, visible: readonly NamedCandidate[]): DispatchCandidate[] {
  const named = new Map(visible.map((each) => [each.technicianId, each]));
  const describe = (technicianId: string) => {
    const candidate = named.get(technicianId);
    if (candidate === undefined) return [];
    const { name, centre, openOrders } = candidate;
    return [{ technicianId, name, centreId: centre?.id ?? null, openOrders }];
  };
  return [
    ...ranked.flatMap(({ technicianId, score, parts }) =>
      describe(technicianId).map((who) => ({ ...who, score, scoreParts: [...parts], excluded: null })),
    ),
    ...excluded.flatMap(({ technicianId, reason }) =>
      describe(technicianId).map((who) => ({ ...who, score: null, scoreParts: [], excluded: reason })),
    ),
  ];
}

function policyRoutes(deps: WorkOrderDeps, app: HttpInstance): void {
  app.get(
    '/dispatch-policy',
    {
      config: { permission: 'people:read' },
      schema: { tags, summary: 'What holds for all dispatch', response: { 200: DispatchPolicy } },
    },
    () => dispatchPolicy(deps.db),
  );
  app.put(
    '/dispatch-policy',
    {
      config: { permission: 'people:write' },
      schema: {
        tags,
        summary: 'Say what holds for all dispatch, from now on',
        body: DispatchPolicy,
        response: { 200: DispatchPolicy },
      },
    },
    ({ actor, body }) =>
      deps.db.transaction().execute((tx) => setDispatchPolicy(deps, tx, { actor, policy: body })),
  );
}
