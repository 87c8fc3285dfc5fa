import { Type } from 'typebox';
import { Centre, CentreChange, NewCentre } from '#contracts/centres.ts';
import { RecordId } from '#contracts/ids.ts';
import { partnerCentreId } from '#platform/auth/actor.ts';
import { notFound } from '#platform/errors.ts';
import { etag, requireIfMatch } from '#platform/http/etag.ts';
import { Page, PageQuery } from '#platform/http/page.ts';
import type { HttpInstance, Routes } from '#platform/http/routes.ts';
import {
  addCentre,
  type CentreDeps,
  changeCentre,
  findCentre,
  listCentres,
  lockCentre,
  setMember,
} from './centre-store.ts';

const tags = ['centres'];
const READ = { permission: 'centres:read' } as const;
const WRITE = { permission: 'centres:write' } as const;
const Params = Type.Object({ id: RecordId });

/** /centres: list, add, one, change, and who works there. */
export function centreRoutes(deps: CentreDeps): Routes {
  return (app) => {
    readRoutes(deps, app);
    writeRoutes(deps, app);
    memberRoutes(deps, app);
  };
}

function readRoutes({ db }: CentreDeps, app: HttpInstance): void {
  app.get(
    '/centres',
    {
      config: READ,
      schema: {
        tags,
        summary: "Service centres; a partner's people see their own",
        querystring: Type.Object(PageQuery),
        response: { 200: Page(Centre) },
      },
    },
    ({ actor, query }) => listCentres(db, actor, query),
  );
  app.get(
    '/centres/:id',
    {
      config: READ,
      schema: { tags, summary: 'A service centre', params: Params, response: { 200: Centre } },
    },
    async ({ actor, params }, reply) => {
      const own = partnerCentreId(actor);
      const centre = own === null || own === params.id ? await findCentre(db, params.id) : undefined;
      if (centre === undefined) throw notFound('centre', params.id);
      reply.header('etag', etag(centre.version));
      return centre;
    },
  );
}

function writeRoutes(deps: CentreDeps, app: HttpInstance): void {
  const { db } = deps;
  app.post(
    '/centres',
    {
      config: WRITE,
      schema: { tags, summary: 'Add a service centre', body: NewCentre, response: { 201: Centre } },
    },
    async ({ actor, body }, reply) => {
      const centre = await db.transaction().execute((tx) => addCentre(deps, tx, { actor, centre: body }));
      return reply.code(201).header('etag', etag(centre.version)).send(centre);
    },
  );
  app.patch(
    '/centres/:id',
    {
      config: WRITE,
      schema: {
        tags,
        summary: 'Change a service centre; its kind is for good',
        params: Params,
        body: CentreChange,
        response: { 200: Centre },
      },
    },
    async (request, reply) => {
      const centre = await db.transaction().execute(async (tx) => {
        const current = await lockCentre(tx, request.params.id);
        requireIfMatch(request, current.version);
        return changeCentre(deps, tx, { actor: request.actor, current, change: request.body });
      });
      reply.header('etag', etag(centre.version));
      return centre;
    },
  );
}

function memberRoutes(deps: CentreDeps, app: HttpInstance): void {
  const { db } = deps;
  const config = { permission: 'users:write' } as const;
  app.post(
    '/centres/:id/members',
    {
      config,
      schema: {
        tags,
        summary: 'Put a user into a centre',
        description:
          "From within seconds people of an outsourced centre see their centre's work orders and nothing else. A technician's account follows the technician's centre by itself. 409 `CENTRE_OWN_ACCOUNT`: nobody puts themselves into an outsourced centre.",
        params: Params,
        body: Type.Object({ userId: RecordId }, { additionalProperties: false }),
      },
    },
    async ({ actor, params, body: { userId } }, reply) => {
      await db.transaction().execute(async (tx) => {
        const centre = await lockCentre(tx, params.id);
        await setMember(deps, tx, { actor, userId, centre });
      });
      return reply.code(204).send();
    },
  );
  app.delete(
    '/centres/:id/members/:userId',
    {
      config,
      schema: {
        tags,
        summary: 'Take a user back to the head office',
        params: Type.Object({ id: RecordId, userId: RecordId }),
      },
    },
    async ({ actor, params }, reply) => {
      await db.transaction().execute(async (tx) => {
        await lockCentre(tx, params.id);
        await setMember(deps, tx, { actor, userId: params.userId, centre: null });
      });
      return reply.code(204).send();
    },
  );
}
