import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifySchema } from 'fastify';
import { Problem } from '#contracts/problem.ts';
import { INTRODUCTION, TAGS } from './api-introduction.ts';
import type { HttpInstance } from './routes.ts';

const DEFAULT_RESPONSE = {
  description: 'What went wrong (RFC 9457)',
  content: { 'application/problem+json': { schema: { $ref: 'Problem#' } } },
};

const IDEMPOTENCY_KEY = {
  type: 'string',
  pattern: '^[\\x21-\\x7e]{1,200}$',
  description: 'yours, new for each change: sent again with the same key, the change happens once',
};
const IF_MATCH = { type: 'string', description: 'ETag of the version you read, e.g. "3"' };
const CHANGES = new Set(['POST', 'PATCH', 'PUT', 'DELETE']);

/** The Content-Security-Policy of the page: the API's own, without the upgrade to https that breaks plain http. */
const PAGE_POLICY =
  "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; script-src 'self'; object-src 'none'; frame-ancestors 'none'";

/** Documents every route below /api/v1 as OpenAPI 3.1: `/api/docs` to read, `/api/docs/json` for tools. */
export async function documentRoutes(app: HttpInstance, version: string): Promise<void> {
  app.addSchema(Problem);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Aftercare',
        version,
        description: INTRODUCTION,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      tags: TAGS.map(([name, description]) => ({ name, description })),
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', description: 'token of POST /api/v1/auth/login' },
          cookie: { type: 'apiKey', in: 'cookie', name: 'aftercare_session' },
        },
      },
    },
    refResolver: {
      buildLocalReference: (json, ...[, , index]) =>
        typeof json.$id === 'string' ? json.$id : `schema-${index}`,
    },
    transform: ({ schema, url, route }) => {
      const given: FastifySchema & { hide?: boolean } = schema ?? {};
      const permission = route.config?.permission ?? 'public';
      const isPublic = permission === 'public';
      return {
        url,
        schema: {
          ...given,
          hide: given.hide ?? !url.startsWith('/api/v1/'),
          headers: isPublic ? undefined : headersOf(String(route.method)),
          security: isPublic ? [] : [{ bearer: [] }, { cookie: [] }],
          'x-permission': permission,
          response: { ...(given.response as object | undefined), default: DEFAULT_RESPONSE },
        },
      };
    },
  });
  await app.register((scope, _options, done) => {
    scope.addHook('onRoute', (route) => {
      route.config = { ...route.config, permission: 'public' };
    });
    void scope.register(swaggerUi, { routePrefix: '/api/docs', staticCSP: PAGE_POLICY });
    done();
  });
}

/** Every PATCH is of a record with a version. */
function headersOf(method: string): object | undefined {
  if (!CHANGES.has(method)) return undefined;
  const isVersioned = method === 'PATCH';
  return {
    type: 'object',
    properties: { 'Idempotency-Key': IDEMPOTENCY_KEY, ...(isVersioned && { 'If-Match': IF_MATCH }) },
    required: isVersioned ? ['If-Match'] : [],
  };
}
