import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifySchema } from 'fastify';
import { Problem } from '#contracts/problem.ts';
import type { HttpInstance } from './routes.ts';

const DEFAULT_RESPONSE = {
  description: 'What went wrong (RFC 9457)',
  content: { 'application/problem+json': { schema: { $ref: 'Problem#' } } },
};

/** Documents every route below /api/v1 as OpenAPI 3.1: `/api/docs` to read, `/api/docs/json` for tools. */
export async function documentRoutes(app: HttpInstance, version: string): Promise<void> {
  app.addSchema(Problem);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Aftercare', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
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
      return {
        url,
        schema: {
          ...given,
          hide: given.hide ?? !url.startsWith('/api/v1/'),
          security: permission === 'public' ? [] : [{ bearer: [] }, { cookie: [] }],
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
    void scope.register(swaggerUi, { routePrefix: '/api/docs', staticCSP: true });
    done();
  });
}
