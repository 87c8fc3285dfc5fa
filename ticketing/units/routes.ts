import { Type } from 'typebox';
import { DeviceId, RecordId } from '#contracts/ids.ts';
import { NewUnit, Unit, UnitChange, UnitDetail, UnitStatus } from '#contracts/units.ts';
import type { Db } from '#platform/db/db.ts';
import { etag, requireIfMatch } from '#platform/http/etag.ts';
import { Page, PageQuery } from '#platform/http/page.ts';
import type { Routes } from '#platform/http/routes.ts';
import { addUnit, changeUnit, listUnits, lockUnit, type UnitStoreDeps, unitDetail } from './unit-store.ts';

const tags = ['units'];
const READ = { permission: 'customers:read' } as const;
const WRITE = { permission: 'customers:write' } as const;
const Params = Type.Object({ id: RecordId });
const Query = Type.Object({
  ...PageQuery,
  siteId: Type.Optional(RecordId),
  customerId: Type.Optional(RecordId),
  status: Type.Optional(UnitStatus),
  deviceId: Type.Optional(DeviceId),
  q: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 200,
      description: 'whole number or device id, or the start of a serial number or model',
    }),
  ),
});

/** /units: list, register, one with its history, change. */
export function unitRoutes(deps: UnitStoreDeps & { readonly db: Db }): Routes {
  const { db } = deps;
  return (app) => {
    app.get(
      '/units',
      { config: READ, schema: { tags, summary: 'Units', querystring: Query, response: { 200: Page(Unit) } } },
      (request) => listUnits(db, request.query),
    );
    app.get(
      '/units/:id',
      {
        config: READ,
        schema: {
          tags,
          summary: 'A unit, with its site, its customer and the devices that spoke for it',
          params: Params,
          response: { 200: UnitDetail },
        },
      },
      async ({ params }, reply) => {
        const unit = await unitDetail(db, params.id);
        reply.header('etag', etag(unit.version));
        return unit;
      },
    );
    app.post(
      '/units',
      { config: WRITE, schema: { tags, summary: 'Add a unit', body: NewUnit, response: { 201: Unit } } },
      async ({ actor, body }, reply) => {
        const unit = await db.transaction().execute((tx) => addUnit(deps, tx, { actor, unit: body }));
        return reply.code(201).header('etag', etag(unit.version)).send(unit);
      },
    );
    app.patch(
      '/units/:id',
      {
        config: WRITE,
        schema: {
          tags,
          summary: 'Change a unit: its site, customer, labels, status or warranty',
          params: Params,
          body: UnitChange,
          response: { 200: Unit },
        },
      },
      async (request, reply) => {
        const unit = await db.transaction().execute(async (tx) => {
          const current = await lockUnit(tx, request.params.id);
          requireIfMatch(request, current.version);
          return changeUnit(deps, tx, { actor: request.actor, current, change: request.body });
        });
        reply.header('etag', etag(unit.version));
        return unit;
      },
    );
  };
}
