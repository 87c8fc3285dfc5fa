import { Type } from 'typebox';
import { NewSite, Site, SiteChange } from '#contracts/customers.ts';
import { RecordId } from '#contracts/ids.ts';
import type { Db } from '#platform/db/db.ts';
import { notFound } from '#platform/errors.ts';
import { etag, requireIfMatch } from '#platform/http/etag.ts';
import { Page, PageQuery } from '#platform/http/page.ts';
import type { Routes } from '#platform/http/routes.ts';
import type { RegisterDeps } from './customer-store.ts';
import { findSite } from './records.ts';
import { addSite, changeSite, listSites, lockSite } from './site-store.ts';

export interface SiteRoutesConfig {
  /** IANA zone of a site that does not say its own. */
  readonly defaultTimeZone: string;
}

const tags = ['sites'];
const READ = { permission: 'customers:read' } as const;
const WRITE = { permission: 'customers:write' } as const;
const Params = Type.Object({ id: RecordId });
const Query = Type.Object({
  ...PageQuery,
  customerId: Type.Optional(RecordId),
  q: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 200,
      description: 'part of a name or address, or a whole number',
    }),
  ),
});

/** /sites: list, add, one, change. */
export function siteRoutes(
  deps: RegisterDeps & { readonly db: Db },
  { defaultTimeZone }: SiteRoutesConfig,
): Routes {
  const { db } = deps;
  return (app) => {
    app.get(
      '/sites',
      { config: READ, schema: { tags, summary: 'Sites', querystring: Query, response: { 200: Page(Site) } } },
      (request) => listSites(db, request.query),
    );
    app.get(
      '/sites/:id',
      { config: READ, schema: { tags, summary: 'A site', params: Params, response: { 200: Site } } },
      async ({ params }, reply) => {
        const site = await findSite(db, params.id);
        if (site === undefined) throw notFound('site', params.id);
        reply.header('etag', etag(site.version));
        return site;
      },
    );
    app.post(
      '/sites',
      {
        config: WRITE,
        schema: { tags, summary: 'Add a site of a customer', body: NewSite, response: { 201: Site } },
      },
      async ({ actor, body }, reply) => {
        const site = await db
          .transaction()
          .execute((tx) => addSite(deps, tx, { actor, site: body, defaultTimeZone }));
        return reply.code(201).header('etag', etag(site.version)).send(site);
      },
    );
    app.patch(
      '/sites/:id',
      {
        config: WRITE,
        schema: { tags, summary: 'Change a site', params: Params, body: SiteChange, response: { 200: Site } },
      },
      async (request, reply) => {
        const site = await db.transaction().execute(async (tx) => {
          const current = await lockSite(tx, request.params.id);
          requireIfMatch(request, current.version);
          return changeSite(deps, tx, { actor: request.actor, current, change: request.body });
        });
        reply.header('etag', etag(site.version));
        return site;
      },
    );
  };
}
