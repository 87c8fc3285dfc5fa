import type { FastifyRequest, RouteOptions } from 'fastify';
import { type Actor, ANONYMOUS, requirePermission } from '../auth/actor.ts';
import { AftercareError } from '../errors.ts';
import type { HttpInstance } from './routes.ts';

export const SESSION_COOKIE = 'aftercare_session';

/** Says whose a token is; null for one that is unknown, expired or revoked. */
export interface Authenticator {
  resolve(token: string): Promise<Actor | null>;
}

interface Credentials {
  readonly token: string;
  readonly kind: 'bearer' | 'cookie';
}

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** What the caller showed: the Authorization header before the cookie. */
export function readCredentials(request: FastifyRequest): Credentials | null {
  const bearer = /^Bearer +([\x21-\x7e]{1,200})$/i.exec(request.headers.authorization ?? '')?.[1];
  if (bearer !== undefined) return { token: bearer, kind: 'bearer' };
  const cookie = request.cookies[SESSION_COOKIE];
  return cookie === undefined || cookie === '' ? null : { token: cookie, kind: 'cookie' };
}

/** 403 unless the browser says that the request comes from our own pages. */
export function requireSameOrigin(request: FastifyRequest, publicUrl: string | null): void {
  const { origin } = request.headers;
  if (origin !== undefined && URL.canParse(origin)) {
    const from = new URL(origin);
    if (from.host === request.host) return;
    if (publicUrl !== null && from.origin === new URL(publicUrl).origin) return;
  }
  throw new AftercareError(
    'HTTP_ORIGIN_REFUSED',
    'a change signed by the session cookie must come from our own pages (Origin header)',
    { kind: 'forbidden' },
  );
}

async function admit(request: FastifyRequest, auth: Authenticator, publicUrl: string | null): Promise<Actor> {
  const permission = request.is404 ? 'public' : (request.routeOptions.config.permission ?? 'signed_in');
  const credentials = readCredentials(request);
  const actor = credentials === null ? null : await auth.resolve(credentials.token);
  if (permission === 'public') return actor ?? ANONYMOUS;
  if (actor === null) {
    throw new AftercareError(
      'HTTP_UNAUTHENTICATED',
      'sign in: POST /api/v1/auth/login, then send the token as a bearer',
      { kind: 'unauthenticated' },
    );
  }
  if (permission !== 'signed_in') requirePermission(actor, permission);
  if (credentials?.kind === 'cookie' && !SAFE_METHODS.has(request.method)) {
    requireSameOrigin(request, publicUrl);
  }
  return actor;
}

/** Every route asks for what its `config.permission` says; a route that says nothing stops the start. */
export function guardAccess(app: HttpInstance, auth: Authenticator, publicUrl: string | null): void {
  const routes: RouteOptions[] = [];
  app.decorateRequest('actor');
  app.addHook('onRoute', (route) => {
    routes.push(route);
  });
  app.addHook('onReady', async () => {
    const silent = routes.filter(({ config }) => config?.permission === undefined);
    if (silent.length === 0) return;
    const names = silent.map(({ method, url }) => `${method} ${url}`).join(', ');
    throw new AftercareError('HTTP_PERMISSION_MISSING', `routes without a permission: ${names}`);
  });
  app.addHook('onRequest', async (request, reply) => {
    reply.header('cache-control', 'no-store');
    request.actor = await admit(request, auth, publicUrl);
  });
}
