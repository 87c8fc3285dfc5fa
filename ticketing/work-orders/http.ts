import { type Static, Type } from 'typebox';
import { DeviceId, RecordId } from '#contracts/ids.ts';
import { Instant } from '#contracts/time.ts';
import {
  NewWorkOrder,
  PartLine,
  WorkOrder,
  WorkOrderDetail,
  WorkOrderKindSchema,
  WorkOrderStatusSchema,
} from '#contracts/work-orders.ts';
import { type Actor, requirePermission } from '#platform/auth/actor.ts';
import { AftercareError, notFound } from '#platform/errors.ts';
import { Page, PageQuery } from '#platform/http/page.ts';
import type { HttpInstance, Routes } from '#platform/http/routes.ts';
import { lockUnitAndTicket } from '../tickets/index.ts';
import { assistantRoutes } from './assistant-routes.ts';
import { findOrder, listOrders } from './list-orders.ts';
import { maskDetail } from './mask-detail.ts';
import { openTicketOrder } from './open-order.ts';
import { ORDER_ACTION_TEXTS } from './order-action-texts.ts';
import { ORDER_ACTIONS } from './order-actions.ts';
import { requireVisibleOrder } from './order-scope.ts';
import { toWorkOrder, toWorkOrderDetail } from './order-views.ts';
import { addLog, performAction } from './perform-action.ts';
import type { WorkOrderDeps } from './ports.ts';
import { recordCallback } from './record-callback.ts';

const ListQuery = Type.Object({
  ...PageQuery,
  status: Type.Optional(WorkOrderStatusSchema),
  kind: Type.Optional(WorkOrderKindSchema),
  technicianId: Type.Optional(RecordId),
  ticketId: Type.Optional(RecordId),
  unitId: Type.Optional(RecordId),
  deviceId: Type.Optional(DeviceId),
  centreId: Type.Optional(RecordId),
});
const Params = Type.Object({ id: RecordId });
const LogBody = Type.Object(
  {
    text: Type.Optional(Type.String({ maxLength: 4000, description: 'what was done' })),
    parts: Type.Optional(Type.Array(PartLine, { maxItems: 100 })),
    occurredAt: Type.Optional(Instant),
  },
  { additionalProperties: false },
);
const CallbackBody = Type.Object(
  {
    satisfied: Type.Boolean({ description: 'whether the customer is' }),
    text: Type.String({ maxLength: 2000, description: 'what they said' }),
    occurredAt: Type.Optional(Instant),
  },
  { additionalProperties: false },
);
const tags = ['work-orders'];

/** /work-orders and its actions. */
export function workOrderRoutes(deps: WorkOrderDeps): Routes {
  return (app) => {
    readRoutes(deps, app);
    openRoute(deps, app);
    for (const action of Object.keys(ORDER_ACTIONS) as (keyof typeof ORDER_ACTIONS)[]) {
      actionRoute(deps, app, action);
    }
    recordRoutes(deps, app);
    assistantRoutes(deps, app);
  };
}

function readRoutes(deps: WorkOrderDeps, app: HttpInstance): void {
  app.get(
    '/work-orders',
    {
      config: { permission: 'work_orders:read' },
      schema: {
        tags,
        summary: 'Work orders; a technician sees their own',
        querystring: ListQuery,
        response: { 200: Page(WorkOrder) },
      },
    },
    ({ actor, query }) => listOrders(deps.db, actor, query),
  );
  app.get(
    '/work-orders/:id',
    {
      config: { permission: 'work_orders:read' },
      schema: {
        tags,
        summary: 'A work order card: whom, where, what, its steps and its allowed actions',
        description:
          '`missing` names what the dispatch data lacks; `allowedActions` what can be posted to `/work-orders/{id}/{action}` now.',
        params: Params,
        response: { 200: WorkOrderDetail },
      },
    },
    async ({ actor, params }) => {
      const order = await findOrder(deps.db, params.id);
      if (order === undefined) throw notFound('work_order', params.id);
      requireVisibleOrder(actor, order);
      return maskDetail(actor, await toWorkOrderDetail(deps, order));
    },
  );
}

function openRoute(deps: WorkOrderDeps, app: HttpInstance): void {
  app.post(
    '/work-orders',
    {
      config: { permission: 'work_orders:dispatch' },
      schema: {
        tags,
        summary: 'Open a work order on an assessed ticket by hand',
        description:
          'It is dispatched to the best technician. 409 `WORK_ORDER_TICKET_NOT_READY`: assess the ticket first.',
        body: NewWorkOrder,
        response: { 201: WorkOrder },
      },
    },
    async ({ actor, body }, reply) => {
      requirePermission(actor, 'tickets:read');
      const id = await openByHand(deps, actor, body);
      deps.outbox.wake();
      const order = await findOrder(deps.db, id);
      if (order === undefined) throw notFound('work_order', id);
      return reply.status(201).send(toWorkOrder(order));
    },
  );
}

const TAKES_ORDERS = ['assessed', 'in_progress'];

async function openByHand(
  deps: WorkOrderDeps,
  actor: Actor,
  body: Static<typeof NewWorkOrder>,
): Promise<string> {
  return deps.db.transaction().execute(async (tx) => {
    const ticket = await lockUnitAndTicket(tx, body.ticketId);
    if (ticket === undefined) throw notFound('ticket', body.ticketId);
    if (!TAKES_ORDERS.includes(ticket.status)) {
      throw new AftercareError(
        'WORK_ORDER_TICKET_NOT_READY',
        `ticket ${ticket.number} is ${ticket.status}: an order needs one that is ${TAKES_ORDERS.join(' or ')}`,
        { kind: 'conflict', allowed: TAKES_ORDERS },
      );
    }
    await deps.tickets.repairs.abort(tx, { ticketId: ticket.id, reason: 'work_in_hand', actor });
    return openTicketOrder(deps, tx, { ticket, kind: body.kind ?? 'repair', preferTechnicianId: null });
  });
}

function actionRoute(deps: WorkOrderDeps, app: HttpInstance, action: keyof typeof ORDER_ACTIONS): void {
  const { permission, body } = ORDER_ACTIONS[action];
  app.post(
    `/work-orders/:id/${action}`,
    {
      config: { permission },
      schema: { tags, ...ORDER_ACTION_TEXTS[action], params: Params, body, response: { 200: WorkOrder } },
    },
    async (request) =>
      toWorkOrder(
        await performAction(deps, request.actor, {
          id: request.params.id,
          action,
          body: request.body as never,
        }),
      ),
  );
}

function recordRoutes(deps: WorkOrderDeps, app: HttpInstance): void {
  app.post(
    '/work-orders/:id/log',
    {
      config: { permission: 'work_orders:perform' },
      schema: {
        tags,
        summary: 'Note work done or parts used, until the order has ended',
        description: '422 `WORK_ORDER_LOG_EMPTY`: give `text` or `parts`.',
        params: Params,
        body: LogBody,
        response: { 200: WorkOrder },
      },
    },
    async ({ actor, params, body }) => toWorkOrder(await addLog(deps, actor, { id: params.id, body })),
  );
  app.post(
    '/work-orders/:id/callback',
    {
      config: { permission: 'work_orders:review' },
      schema: {
        tags,
        summary: 'Note what the customer said when called after the repair',
        description:
          'Stops T9, which runs from the test that passed. A customer who is not satisfied reopens the ticket with a follow-up order, unless it is in hand, cancelled or closed for more than 24 hours. 409 `WORK_ORDER_CALLED_BACK`: one callback an order.',
        params: Params,
        body: CallbackBody,
        response: { 200: WorkOrder },
      },
    },
    async ({ actor, params, body }) =>
      toWorkOrder(await recordCallback(deps, actor, { id: params.id, body })),
  );
}
