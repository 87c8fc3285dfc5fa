import { Type } from 'typebox';
import { DeviceId, RecordId } from '#contracts/ids.ts';
import { Priority } from '#contracts/priority.ts';
import { AssessTicket, SourceSchema, Ticket, TicketDetail, TicketStatusSchema } from '#contracts/tickets.ts';
import type { Actor } from '#platform/auth/actor.ts';
import type { Tx } from '#platform/db/db.ts';
import { notFound } from '#platform/errors.ts';
import { Page, PageQuery } from '#platform/http/page.ts';
import type { HttpInstance, Routes } from '#platform/http/routes.ts';
import { TICKET_MACHINE } from '../core/ticket-machine.ts';
import { illegalAction } from '../enforce-move.ts';
import { assessTicket, lockUnitAndTicket } from './assess-ticket.ts';
import { findTicket, listTickets } from './list-tickets.ts';
import { acknowledgeTicket, moveTicket, noteTicketEvent } from './move-ticket.ts';
import type { TicketDeps } from './ports.ts';
import type { TicketRow, TicketTables } from './tables.ts';
import { toTicketDetail } from './ticket-views.ts';

const ListQuery = Type.Object({
  ...PageQuery,
  deviceId: Type.Optional(DeviceId),
  unitId: Type.Optional(RecordId),
  status: Type.Optional(TicketStatusSchema),
  priority: Type.Optional(Priority),
  source: Type.Optional(SourceSchema),
  q: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 100,
      description: 'part of a number, a fault or the words of the report',
    }),
  ),
});
const Params = Type.Object({ id: RecordId });
const ReasonBody = Type.Object(
  { reason: Type.Optional(Type.String({ maxLength: 500, description: 'required: why' })) },
  { additionalProperties: false },
);
const ResolveBody = Type.Object(
  {
    resolution: Type.Union([Type.Literal('answered'), Type.Literal('remote')], {
      description: 'answered: nothing was broken; remote: mended from afar',
    }),
  },
  { additionalProperties: false },
);
const PriorityBody = Type.Object(
  { priority: Priority, reason: Type.String({ minLength: 1, maxLength: 500 }) },
  { additionalProperties: false },
);
const tags = ['tickets'];

/** /tickets and what people do to them. */
export function ticketRoutes(deps: TicketDeps): Routes {
  return (app) => {
    readRoutes(deps, app);
    assessRoutes(deps, app);
    endRoutes(deps, app);
  };
}

function readRoutes(deps: TicketDeps, app: HttpInstance): void {
  app.get(
    '/tickets',
    {
      config: { permission: 'tickets:read' },
      schema: { tags, summary: 'Tickets', querystring: ListQuery, response: { 200: Page(Ticket) } },
    },
    ({ query }) => listTickets(deps, query),
  );
  app.get(
    '/tickets/:id',
    {
      config: { permission: 'tickets:read' },
      schema: {
        tags,
        summary: 'A ticket, with its reports, timeline, clocks and allowed actions',
        params: Params,
        response: { 200: TicketDetail },
      },
    },
    ({ params }) => detail(deps, params.id),
  );
}

async function detail(deps: TicketDeps, id: string): Promise<TicketDetail> {
  const row = await findTicket(deps.db, id);
  if (row === undefined) throw notFound('ticket', id);
  return toTicketDetail(deps, row);
}

/** Runs a change on a ticket held with its unit, and gives the ticket as it is then. */
async function change(
  deps: TicketDeps,
  id: string,
  act: (tx: Tx, ticket: TicketRow) => Promise<unknown>,
): Promise<TicketDetail> {
  await deps.db.transaction().execute(async (tx) => {
    const ticket = await lockUnitAndTicket(tx, id);
    if (ticket === undefined) throw notFound('ticket', id);
    await act(tx, ticket);
  });
  deps.outbox.wake();
  return detail(deps, id);
}

function assessRoutes(deps: TicketDeps, app: HttpInstance): void {
  const config = { permission: 'tickets:write' } as const;
  const response = { 200: TicketDetail };
  app.post(
    '/tickets/:id/acknowledge',
    {
      config,
      schema: {
        tags,
        summary: 'Take notice of a ticket: T1 and T2 stop',
        description:
          'Clocks: T1 runs on an emergency, T2 on any other ticket, until somebody takes notice. Besides this operation these stop them too: assessing, setting the priority, resolving, acknowledging an alarm of the ticket, accepting one of its work orders, and taking a request on a live channel. T5 runs until the ticket is resolved.',
        params: Params,
        response,
      },
    },
    ({ actor, params }) =>
      change(deps, params.id, async (tx, ticket) => {
        requireUnended(ticket, 'acknowledge');
        await acknowledgeTicket(deps, tx, { ticketId: params.id, atMs: deps.clock.nowMs() });
        await deps.audit.record(tx, {
          actor,
          action: 'ticket.acknowledge',
          entity: 'ticket',
          entityId: params.id,
        });
      }),
  );
  app.post(
    '/tickets/:id/assess',
    {
      config,
      schema: {
        tags,
        summary: 'Assess a ticket: what work, how bad, who pays, whether somebody must go',
        description:
          'Impact and urgency give the priority. With `onSite` a work order opens and is dispatched; without, resolve the ticket as `answered` or `remote`.',
        params: Params,
        body: AssessTicket,
        response,
      },
    },
    ({ actor, params, body }) =>
      change(deps, params.id, (tx, ticket) =>
        assessTicket(deps, tx, { ticket, by: actor, assessment: body }),
      ),
  );
  app.post(
    '/tickets/:id/priority',
    {
      config,
      schema: {
        tags,
        summary: 'Set the priority by hand, with a reason',
        params: Params,
        body: PriorityBody,
        response,
      },
    },
    ({ actor, params, body }) =>
      change(deps, params.id, (tx, ticket) => setPriority(deps, tx, { ticket, actor, ...body })),
  );
}

const ENDED: readonly TicketRow['status'][] = ['closed', 'cancelled', 'merged'];

function requireUnended({ number, status: state }: TicketRow, action: string): void {
  if (ENDED.includes(state)) throw illegalAction(TICKET_MACHINE, { id: number, state, action });
}

async function setPriority(
  deps: TicketDeps,
  tx: Tx,
  given: {
    readonly ticket: TicketRow;
    readonly actor: Actor;
    readonly priority: TicketRow['priority'];
    readonly reason: string;
  },
): Promise<void> {
  const { ticket, actor, priority, reason } = given;
  requireUnended(ticket, 'priority');
  const atMs = deps.clock.nowMs();
  await tx
    .withTables<TicketTables>()
    .updateTable('ticket')
    .set({ priority, version: ticket.version + 1 })
    .where('id', '=', ticket.id)
    .execute();
  const { id, status } = ticket;
  await noteTicketEvent(tx, {
    ticketId: id,
    atMs,
    action: 'priority',
    from: status,
    to: status,
    actor,
    reason: `${priority}: ${reason}`,
  });
  await deps.audit.record(tx, {
    actor,
    action: 'ticket.priority',
    entity: 'ticket',
    entityId: id,
    fields: { priority: { from: ticket.priority, to: priority } },
  });
  await acknowledgeTicket(deps, tx, { ticketId: id, atMs });
}

function endRoutes(deps: TicketDeps, app: HttpInstance): void {
  const config = { permission: 'tickets:write' } as const;
  const response = { 200: TicketDetail };
  app.post(
    '/tickets/:id/resolve',
    {
      config,
      schema: {
        tags,
        summary: 'Resolve a ticket without a visit',
        description:
          'Work orders on which nobody is yet at work are cancelled. After a visit the test of the work order resolves the ticket.',
        params: Params,
        body: ResolveBody,
        response,
      },
    },
    ({ actor, params, body }) =>
      change(deps, params.id, async (tx, ticket) => {
        await deps.orders.cancel(tx, { ticketId: ticket.id, reason: 'resolved_without_visit', all: false });
        await acknowledgeTicket(deps, tx, { ticketId: ticket.id, atMs: deps.clock.nowMs() });
        await moveTicket(deps, tx, { ticket, action: 'resolve', actor, resolution: body.resolution });
      }),
  );
  app.post(
    '/tickets/:id/close',
    {
      config,
      schema: {
        tags,
        summary: 'Close a resolved ticket',
        description:
          'Closes by itself when every work order is signed and telemetry has proved the repair. 409 with `allowed` while something is open.',
        params: Params,
        response,
      },
    },
    ({ actor, params }) =>
      change(deps, params.id, (tx, ticket) => moveTicket(deps, tx, { ticket, action: 'close', actor })),
  );
  app.post(
    '/tickets/:id/cancel',
    {
      config,
      schema: {
        tags,
        summary: 'Cancel a ticket and all its work orders, with a reason',
        params: Params,
        body: ReasonBody,
        response,
      },
    },
    ({ actor, params, body }) =>
      change(deps, params.id, async (tx, ticket) => {
        const reason = body.reason ?? '';
        await moveTicket(deps, tx, { ticket, action: 'cancel', actor, reason });
        await deps.orders.cancel(tx, { ticketId: ticket.id, reason, all: true });
      }),
  );
}
