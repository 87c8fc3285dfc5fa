import { type Static, Type } from 'typebox';
import { RecordId } from '#contracts/ids.ts';
import { StartRemoteRepair } from '#contracts/playbooks.ts';
import { TicketDetail } from '#contracts/tickets.ts';
import { Instant } from '#contracts/time.ts';
import type { Tx } from '#platform/db/db.ts';
import { notFound } from '#platform/errors.ts';
import type { HttpInstance, Routes } from '#platform/http/routes.ts';
import {
  findTicket,
  lockUnitAndTicket,
  type TicketDeps,
  type TicketRow,
  toTicketDetail,
} from '../tickets/index.ts';
import { startByHand, stopByHand } from './by-hand.ts';
import type { RunDeps } from './ports.ts';
import { recordTicketCallback } from './ticket-callback.ts';

const Params = Type.Object({ id: RecordId });
const CallbackBody = Type.Object(
  {
    satisfied: Type.Boolean({ description: 'whether the customer is' }),
    text: Type.String({ minLength: 1, maxLength: 2000, description: 'what they said' }),
    occurredAt: Type.Optional(Instant),
  },
  { additionalProperties: false },
);
export type CallbackBody = Static<typeof CallbackBody>;
const tags = ['tickets'];
const response = { 200: TicketDetail };

/** What people do about a ticket's remote repair. */
export function remoteRepairRoutes(deps: RunDeps): Routes {
  return (app) => {
    runRoutes(deps, app);
    callbackRoute(deps, app);
  };
}

/** Runs a change on a ticket held with its unit, and gives the ticket as it is then. */
async function change(
  deps: TicketDeps,
  id: string,
  act: (tx: Tx, ticket: TicketRow) => Promise<void>,
): Promise<TicketDetail> {
  await deps.db.transaction().execute(async (tx) => {
    const ticket = await lockUnitAndTicket(tx, id);
    if (ticket === undefined) throw notFound('ticket', id);
    await act(tx, ticket);
  });
  deps.outbox.wake();
  const row = await findTicket(deps.db, id);
  if (row === undefined) throw notFound('ticket', id);
  return toTicketDetail(deps, row);
}

function runRoutes(deps: RunDeps, app: HttpInstance): void {
  const config = { permission: 'commands:send' } as const;
  app.post(
    '/tickets/:id/remote-repair',
    {
      config,
      schema: {
        tags,
        summary: 'Try to repair a fault from afar',
        description:
          "Runs the fault family's playbook, or the one named. Work orders to which nobody was sent are cancelled. 409 names what forbids it: `REPAIR_SAFETY` (this fault, or another one of the unit, may hurt somebody), `REPAIR_TECHNICIAN_ON_SITE` (at the unit, or on the way), `REPAIR_NO_PLAYBOOK`, `REPAIR_NO_DEVICE`, `REPAIR_WRONG_KIND`, `REPAIR_UNIT_SUSPENDED`, `REPAIR_RUN_IN_PROGRESS`, `REPAIR_LIMIT`, `REPAIR_COOL_DOWN`, `REPAIR_NO_ALARM` (no alarm stands that could tell the outcome), `REPAIR_WORK_IN_HAND`.",
        params: Params,
        body: StartRemoteRepair,
        response,
      },
    },
    ({ actor, params, body }) =>
      change(deps, params.id, (tx, ticket) => startByHand(deps, tx, { ticket, actor, ...body })),
  );
  app.post(
    '/tickets/:id/remote-repair/stop',
    {
      config,
      schema: {
        tags,
        summary: 'Stop the remote repair under way: a work order opens instead',
        description:
          'A command that is on its way already is not called back. 409 `REPAIR_NOT_RUNNING` where none is under way.',
        params: Params,
        response,
      },
    },
    ({ actor, params }) => change(deps, params.id, (tx, ticket) => stopByHand(deps, tx, { ticket, actor })),
  );
}

function callbackRoute(deps: TicketDeps, app: HttpInstance): void {
  app.post(
    '/tickets/:id/callback',
    {
      config: { permission: 'work_orders:review' },
      schema: {
        tags,
        summary: 'Note what the customer said when called after a remote repair',
        description:
          'Stops T9, which runs on the ticket from its remote resolution. A customer who is not satisfied reopens the ticket with a work order, unless it closed more than 24 hours ago. 409 `REPAIR_NO_CALLBACK_DUE`: not resolved remotely, or called already.',
        params: Params,
        body: CallbackBody,
        response,
      },
    },
    ({ actor, params, body }) =>
      change(deps, params.id, (tx, ticket) => recordTicketCallback(deps, tx, { ticket, actor, body })),
  );
}
