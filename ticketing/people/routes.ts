import { Type } from 'typebox';
import { RecordId } from '#contracts/ids.ts';
import { NewTechnician, Technician, TechnicianChange } from '#contracts/people.ts';
import { partnerCentreId } from '#platform/auth/actor.ts';
import type { Db } from '#platform/db/db.ts';
import { notFound } from '#platform/errors.ts';
import { etag, requireIfMatch } from '#platform/http/etag.ts';
import { Page, PageQuery } from '#platform/http/page.ts';
import type { Routes } from '#platform/http/routes.ts';
import { certificateRoutes } from './certificate-routes.ts';
import { findTechnician } from './records.ts';
import {
  addTechnician,
  changeTechnician,
  listTechnicians,
  lockTechnician,
  type PeopleDeps,
} from './technician-store.ts';

const tags = ['technicians'];
const READ = { permission: 'people:read' } as const;
const WRITE = { permission: 'people:write' } as const;
const Params = Type.Object({ id: RecordId });
const Query = Type.Object({
  ...PageQuery,
  skill: Type.Optional(Type.String({ maxLength: 64, description: 'holds this skill' })),
  zone: Type.Optional(Type.String({ maxLength: 64, description: 'dispatch zone' })),
  isActive: Type.Optional(Type.Boolean({ description: 'whether they can be sent' })),
  centreId: Type.Optional(RecordId),
});

/** /technicians: list, add, one, change; /certificates. */
export function technicianRoutes(deps: PeopleDeps & { readonly db: Db }): Routes {
  const { db } = deps;
  return (app) => {
    certificateRoutes(deps, app);
    app.get(
      '/technicians',
      {
        config: READ,
        schema: { tags, summary: 'Technicians', querystring: Query, response: { 200: Page(Technician) } },
      },
      ({ actor, query }) => listTechnicians(db, actor, query),
    );
    app.get(
      '/technicians/:id',
      {
        config: READ,
        schema: { tags, summary: 'A technician', params: Params, response: { 200: Technician } },
      },
      async ({ actor, params }, reply) => {
        const technician = await findTechnician(db, params.id);
        const partner = partnerCentreId(actor);
        const isForeign = partner !== null && technician?.centreId !== partner;
        if (technician === undefined || isForeign) throw notFound('technician', params.id);
        reply.header('etag', etag(technician.version));
        return technician;
      },
    );
    app.post(
      '/technicians',
      {
        config: WRITE,
        schema: {
          tags,
          summary: 'Add a technician with their skills and zone',
          body: NewTechnician,
          response: { 201: Technician },
        },
      },
      async ({ actor, body }, reply) => {
        const technician = await db
          .transaction()
          .execute((tx) => addTechnician(deps, tx, { actor, technician: body }));
        return reply.code(201).header('etag', etag(technician.version)).send(technician);
      },
    );
    app.patch(
      '/technicians/:id',
      {
        config: WRITE,
        schema: {
          tags,
          summary: 'Change a technician; `skills` replaces the whole list',
          params: Params,
          body: TechnicianChange,
          response: { 200: Technician },
        },
      },
      async (request, reply) => {
        const technician = await db.transaction().execute(async (tx) => {
          const current = await lockTechnician(tx, request.params.id);
          requireIfMatch(request, current.version);
          return changeTechnician(deps, tx, { actor: request.actor, current, change: request.body });
        });
        reply.header('etag', etag(technician.version));
        return technician;
      },
    );
  };
}
