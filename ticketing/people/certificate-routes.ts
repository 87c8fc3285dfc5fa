import { Type } from 'typebox';
import { RecordId } from '#contracts/ids.ts';
import { CERTIFICATE_STATUSES, Certificate, NewCertificate } from '#contracts/people.ts';
import type { Db } from '#platform/db/db.ts';
import { Page, PageQuery } from '#platform/http/page.ts';
import type { HttpInstance } from '#platform/http/routes.ts';
import {
  issueCertificate,
  listCertificates,
  prepareCertificate,
  revokeCertificate,
} from './certificate-store.ts';
import type { PeopleDeps } from './technician-store.ts';

const tags = ['certificates'];
const Params = Type.Object({ id: RecordId });
const Query = Type.Object({
  ...PageQuery,
  technicianId: Type.Optional(RecordId),
  centreId: Type.Optional(RecordId),
  status: Type.Optional(Type.Enum(CERTIFICATE_STATUSES)),
});
const Reason = Type.Object(
  { reason: Type.String({ minLength: 1, maxLength: 500 }) },
  { additionalProperties: false },
);

/** /certificates: list, prepare, sign, revoke. */
export function certificateRoutes(deps: PeopleDeps & { readonly db: Db }, app: HttpInstance): void {
  const { db } = deps;
  app.get(
    '/certificates',
    {
      config: { permission: 'people:read' },
      schema: {
        tags,
        summary: 'Certificates of technicians and centres',
        querystring: Query,
        response: { 200: Page(Certificate) },
      },
    },
    ({ actor, query }) => listCertificates(db, actor, query),
  );
  app.post(
    '/certificates',
    {
      config: { permission: 'people:write' },
      schema: {
        tags,
        summary: 'Prepare a certificate; it counts once somebody else has signed it',
        body: NewCertificate,
        response: { 201: Certificate },
      },
    },
    async ({ actor, body }, reply) => {
      const certificate = await db
        .transaction()
        .execute((tx) => prepareCertificate(deps, tx, { actor, certificate: body }));
      return reply.code(201).send(certificate);
    },
  );
  app.post(
    '/certificates/:id/issue',
    {
      config: { permission: 'certificates:sign' },
      schema: {
        tags,
        summary: 'Sign a prepared certificate: the general manager, and not who prepared it',
        description: '409 `CERTIFICATE_SELF_SIGNED`: whoever prepared it cannot sign it.',
        params: Params,
        response: { 200: Certificate },
      },
    },
    ({ actor, params }) =>
      db.transaction().execute((tx) => issueCertificate(deps, tx, { actor, id: params.id })),
  );
  app.post(
    '/certificates/:id/revoke',
    {
      config: { permission: 'people:write' },
      schema: {
        tags,
        summary: 'Revoke a certificate, with a reason',
        params: Params,
        body: Reason,
        response: { 200: Certificate },
      },
    },
    ({ actor, params, body }) =>
      db
        .transaction()
        .execute((tx) => revokeCertificate(deps, tx, { actor, id: params.id, reason: body.reason })),
  );
}
