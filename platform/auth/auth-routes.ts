import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { ROLES } from '#contracts/permissions.ts';
import { AftercareError } from '../errors.ts';
import { readCredentials, requireSameOrigin, SESSION_COOKIE } from '../http/access.ts';
import type { HttpInstance, Routes } from '../http/routes.ts';
import type { Actor } from './actor.ts';
import type { Auth } from './auth.ts';
import { permissionsOf } from './users.ts';

const Credentials = Type.Object(
  {
    username: Type.String({ minLength: 1, maxLength: 64 }),
    password: Type.String({ minLength: 1, maxLength: 200 }),
    cookie: Type.Optional(
      Type.Boolean({ description: 'true: set the session cookie instead of giving a token' }),
    ),
  },
  { additionalProperties: false },
);

const Me = Type.Object({
  id: Type.String({ format: 'uuid' }),
  username: Type.String(),
  displayName: Type.String(),
  roles: Type.Array(Type.Enum(ROLES)),
  technicianId: Type.Union([Type.String(), Type.Null()]),
  permissions: Type.Array(Type.String()),
});
type Me = Static<typeof Me>;

const SignedIn = Type.Object({ token: Type.Optional(Type.String()), user: Type.Optional(Me) });

const Passwords = Type.Object(
  { oldPassword: Type.String({ maxLength: 200 }), newPassword: Type.String({ maxLength: 200 }) },
  { additionalProperties: false },
);

const WINDOW_MS = 5 * 60_000;
const MAX_FAILURES_A_NAME = 10;
const MAX_FAILURES_AN_ADDRESS = 100;

interface Deps {
  readonly auth: Auth;
  readonly publicUrl: string | null;
}

/** Sign in, sign out, who am I, change my password. */
export function authRoutes({ auth, publicUrl }: Deps): Routes {
  return (app) => {
    const failures = createFailureLimit(app);
    const schema = { tags: ['auth'] };

    app.post(
      '/auth/login',
      {
        config: { permission: 'public' },
        schema: { ...schema, body: Credentials, response: { 200: SignedIn } },
      },
      async (request, reply) => {
        const { username, password, cookie = false } = request.body;
        if (cookie) requireSameOrigin(request, publicUrl);
        await failures.refuseIfTooMany(request);
        const kind = cookie ? 'cookie' : 'bearer';
        const { token, userId } = await auth
          .login({ username, password, kind, ip: request.ip })
          .catch(async (error: unknown) => {
            await failures.count(request);
            throw error;
          });
        if (!cookie) return { token };
        setSession(request, reply, { token, publicUrl });
        return { user: await describe(auth, userId) };
      },
    );
    app.post('/auth/logout', { config: { permission: 'signed_in' }, schema }, async (request, reply) => {
      const credentials = readCredentials(request);
      if (credentials !== null) await auth.logout(request.actor, credentials.token);
      return reply.clearCookie(SESSION_COOKIE, { path: '/' }).code(204).send();
    });
    app.get(
      '/auth/me',
      { config: { permission: 'signed_in' }, schema: { ...schema, response: { 200: Me } } },
      ({ actor }) => describe(auth, userIdOf(actor)),
    );
    app.post(
      '/auth/password',
      { config: { permission: 'signed_in' }, schema: { ...schema, body: Passwords } },
      async (request, reply) => {
        await failures.refuseIfTooMany(request);
        const { oldPassword, newPassword } = request.body;
        await auth
          .changePassword(request.actor, { old: oldPassword, new: newPassword })
          .catch(async (error: unknown) => {
            await failures.count(request);
            throw error;
          });
        return reply.code(204).send();
      },
    );
  };
}

async function describe(auth: Auth, userId: string): Promise<Me> {
  const { id, username, displayName, roles, technicianId } = await auth.users.find(userId);
  return { id, username, displayName, roles: [...roles], technicianId, permissions: permissionsOf(roles) };
}

function userIdOf(actor: Actor): string {
  return actor.type === 'user' ? actor.userId : '';
}

function setSession(
  request: FastifyRequest,
  reply: FastifyReply,
  { token, publicUrl }: { token: string; publicUrl: string | null },
): void {
  const secure = request.protocol === 'https' || publicUrl?.startsWith('https:') === true;
  reply.setCookie(SESSION_COOKIE, token, { path: '/', httpOnly: true, sameSite: 'strict', secure });
}

/** Only failures count, by name from one address and by address: nobody can lock somebody else out from afar. */
function createFailureLimit(app: HttpInstance) {
  const byName = app.createRateLimit({
    max: MAX_FAILURES_A_NAME,
    timeWindow: WINDOW_MS,
    keyGenerator: (request) => `${request.ip} ${nameIn(request)}`,
  });
  const byAddress = app.createRateLimit({
    max: MAX_FAILURES_AN_ADDRESS,
    timeWindow: WINDOW_MS,
    keyGenerator: (request) => request.ip,
  });
  const limits = [byName, byAddress];
  return {
    count: async (request: FastifyRequest): Promise<void> => {
      for (const limit of limits) await limit(request);
    },
    refuseIfTooMany: async (request: FastifyRequest): Promise<void> => {
      for (const limit of limits) {
        const state = await limit(request, { increment: false });
        if (state.isAllowed || state.remaining > 0) continue;
        throw new AftercareError(
          'AUTH_TOO_MANY_FAILURES',
          `too many wrong passwords: try again in ${state.ttlInSeconds} s`,
          { kind: 'too_many' },
        );
      }
    },
  };
}

function nameIn({ body, actor }: FastifyRequest): string {
  if (actor.type === 'user') return actor.username;
  const hasName = typeof body === 'object' && body !== null && 'username' in body;
  return hasName ? String(body.username).toLowerCase() : '';
}
