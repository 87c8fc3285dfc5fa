import { type SqlBool, sql } from 'kysely';
import { Type } from 'typebox';
import { DeviceId, RecordId } from '#contracts/ids.ts';
import { NewServiceRequest, ServiceRequest, ServiceRequestChange } from '#contracts/service-requests.ts';
import { SERVICE_REQUEST_STATUSES, SOURCES } from '#contracts/statuses.ts';
import type { Tx } from '#platform/db/db.ts';
import { notFound } from '#platform/errors.ts';
import { etag, requireIfMatch } from '#platform/http/etag.ts';
import { decodeRecordCursor, Page, PageQuery, pageOf } from '#platform/http/page.ts';
import type { HttpInstance, Routes } from '#platform/http/routes.ts';
import type { TicketDeps } from '../tickets/index.ts';
import {
  answerRequest,
  changeRequest,
  confirmRequest,
  lockRequest,
  readBackRequest,
} from './move-request.ts';
import { receiveRequest } from './receive-request.ts';
import { toServiceRequest } from './request-views.ts';
import type { RequestRow, RequestTables } from './tables.ts';

const ListQuery = Type.Object({
  ...PageQuery,
  status: Type.Optional(Type.Union(SERVICE_REQUEST_STATUSES.map((s) => Type.Literal(s)))),
  channel: Type.Optional(Type.Union(SOURCES.map((s) => Type.Literal(s)))),
  ticketId: Type.Optional(RecordId),
  unitId: Type.Optional(RecordId),
  deviceId: Type.Optional(DeviceId),
});
const Params = Type.Object({ id: RecordId });
const AnswerBody = Type.Object(
  { text: Type.Optional(Type.String({ maxLength: 4000, description: 'what was answered' })) },
  { additionalProperties: false },
);
const tags = ['service-requests'];
const read = { permission: 'requests:read' } as const;
const write = { permission: 'requests:write' } as const;
const response = { 200: ServiceRequest };

/** /service-requests: what people ask for, on every channel in one queue. */
export function requestRoutes(deps: TicketDeps): Routes {
  return (app) => {
    listRoutes(deps, app);
    receiveRoute(deps, app);
    actionRoutes(deps, app);
  };
}

function listRoutes(deps: TicketDeps, app: HttpInstance): void {
  app.get(
    '/service-requests',
    {
      config: read,
      schema: {
        tags,
        summary: 'Service requests, all channels in one queue',
        querystring: ListQuery,
        response: { 200: Page(ServiceRequest) },
      },
    },
    async ({ query }) => {
      const limit = query.limit ?? 50;
      const cursor = decodeRecordCursor(query.cursor);
      const equal: Readonly<Record<string, string | undefined>> = {
        status: query.status,
        channel: query.channel,
        ticket_id: query.ticketId,
        unit_id: query.unitId,
        device_id: query.deviceId,
      };
      let rows = deps.db.withTables<RequestTables>().selectFrom('service_request').selectAll();
      for (const [column, value] of Object.entries(equal)) {
        if (value !== undefined) rows = rows.where(sql<SqlBool>`${sql.ref(column)} = ${value}`);
      }
      if (cursor !== undefined) rows = rows.where('id', '<', cursor);
      const found = await rows
        .orderBy('id', 'desc')
        .limit(limit + 1)
        .execute();
      return pageOf(found, limit, toServiceRequest);
    },
  );
  app.get(
    '/service-requests/:id',
    {
      config: read,
      schema: {
        tags,
        summary: 'A service request, with what confirming still needs',
        params: Params,
        response,
      },
    },
    async ({ params }, reply) => {
      const row = await deps.db
        .withTables<RequestTables>()
        .selectFrom('service_request')
        .selectAll()
        .where('id', '=', params.id)
        .executeTakeFirst();
      if (row === undefined) throw notFound('service_request', params.id);
      return reply.header('etag', etag(row.version)).send(toServiceRequest(row));
    },
  );
}

/** Runs a change in one transaction, wakes whoever waits for its events, and gives the request as it is then. */
async function inTransaction(
  deps: TicketDeps,
  act: (tx: Tx) => Promise<RequestRow>,
): Promise<ServiceRequest> {
  const row = await deps.db.transaction().execute(act);
  deps.outbox.wake();
  return toServiceRequest(row);
}

function receiveRoute(deps: TicketDeps, app: HttpInstance): void {
  app.post(
    '/service-requests',
    {
      config: write,
      schema: {
        tags,
        summary: 'Take a service request; its ticket opens, or the open one for the same fault is joined',
        description:
          '`draft: true` only saves it: no ticket until it is confirmed or answered. With `answer` a consultation is answered at once. A request that a user takes on a live channel (`phone`, `chat`, `onsite`, `named_contact`) acknowledges the ticket: T1 and T2 stop. Then: fill in what `missing` names (PATCH), read it back, confirm.',
        body: NewServiceRequest,
        response: { 201: ServiceRequest },
      },
    },
    async ({ actor, body }, reply) => {
      const request = await inTransaction(deps, async (tx) => {
        const received = await receiveRequest(deps, tx, { actor, body });
        return body.answer === undefined
          ? received
          : answerRequest(deps, tx, { request: received, actor, text: body.answer });
      });
      return reply.status(201).header('etag', etag(request.version)).send(request);
    },
  );
}

function actionRoutes(deps: TicketDeps, app: HttpInstance): void {
  app.patch(
    '/service-requests/:id',
    {
      config: write,
      schema: {
        tags,
        summary: 'Fill in or correct a service request',
        description:
          'What was read back must be read back anew. 409 `SERVICE_REQUEST_FROZEN` once it is confirmed or answered.',
        params: Params,
        body: ServiceRequestChange,
        response,
      },
    },
    async (request, reply) => {
      const changed = await inTransaction(deps, async (tx) => {
        const row = await lockRequest(tx, request.params.id);
        requireIfMatch(request, row.version);
        return changeRequest(deps, tx, { request: row, actor: request.actor, body: request.body });
      });
      return reply.header('etag', etag(changed.version)).send(changed);
    },
  );
  app.post(
    '/service-requests/:id/read-back',
    {
      config: write,
      schema: {
        tags,
        summary: 'Note that the caller heard the record read back and agreed',
        description: 'Comes before confirm; any later change asks for it again.',
        params: Params,
        response,
      },
    },
    ({ actor, params }) =>
      inTransaction(deps, async (tx) =>
        readBackRequest(deps, tx, { request: await lockRequest(tx, params.id), actor }),
      ),
  );
  app.post(
    '/service-requests/:id/confirm',
    {
      config: write,
      schema: {
        tags,
        summary: 'Confirm a service request: it is complete and was read back',
        description:
          '422 `SERVICE_REQUEST_INCOMPLETE` names every missing field in `errors`; without a read-back it is refused too, naming `readBack`. A draft gets its ticket now. Afterwards the request no longer changes.',
        params: Params,
        response,
      },
    },
    ({ actor, params }) =>
      inTransaction(deps, async (tx) =>
        confirmRequest(deps, tx, { request: await lockRequest(tx, params.id), actor }),
      ),
  );
  app.post(
    '/service-requests/:id/answer',
    {
      config: write,
      schema: {
        tags,
        summary: 'Answer a consultation; its ticket closes without a visit',
        description: 'Only for `type: consultation`; `text` is what was answered.',
        params: Params,
        body: AnswerBody,
        response,
      },
    },
    ({ actor, params, body }) =>
      inTransaction(deps, async (tx) =>
        answerRequest(deps, tx, {
          request: await lockRequest(tx, params.id),
          actor,
          text: body.text ?? '',
        }),
      ),
  );
}
