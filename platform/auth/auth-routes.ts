import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { ROLES } from '#contracts/permissions.ts';
import { AftercareError } from '../errors.ts';
import { readCredentials, requireSameOrigin, SESSION_COOKIE } from '../http/access.ts';
import type { Routes } from '../http/routes.ts';
import type { Actor } from './actor.ts';
import { type AttemptLimit, createAttemptLimit } from './attempt-limit.ts';
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
  centreId: Type.Union([Type.String(), Type.Null()]),
  permissions: Type.Array(Type.String()),
});
type Me = Static<typeof Me>;

const SignedIn = Type.Object({ token: Type.Optional(Type.String()), user: Type.Optional(Me) });

const Passwords = Type.Object(
  { oldPassword: Type.String({ maxLength: 200 }), newPassword: Type.String({ maxLength: 200 }) },
  { additionalProperties: false },
);

const WRONG_PASSWORD: ReadonlySet<string> = new Set(['AUTH_LOGIN_REFUSED', 'AUTH_PASSWORD_WRONG']);

interface Deps {
  readonly auth: Auth;
  readonly publicUrl: string | null;
}

/** Sign in, sign out, who am I, change my password. */
export function authRoutes({ auth, publicUrl }: Deps): Routes {
  return (app) => {
    const limit = createAttemptLimit();
    const schema = { tags: ['auth'] };

    app.post(
      '/auth/login',
      {
        config: { permission: 'public' },
        schema: {
          ...schema,
          summary: 'Sign in with a name and a password',
          description:
            'Gives a token for `Authorization: Bearer`, or with `cookie: true` sets the session cookie. 401 `AUTH_LOGIN_REFUSED`: wrong name or password. 429 `AUTH_TOO_MANY_FAILURES`: wait as long as `detail` says.',
          body: Credentials,
          response: { 200: SignedIn },
        },
      },
      async (request, reply) => {
        const { username, password, cookie = false } = request.body;
        if (cookie) requireSameOrigin(request, publicUrl);
        const kind = cookie ? 'cookie' : 'bearer';
        const { token, userId } = await guess(limit, request, () =>
          auth.login({ username, password, kind, ip: request.ip }),
        );
        if (!cookie) return { token };
        setSession(request, reply, { token, publicUrl });
        return { user: await describe(auth, userId) };
      },
    );
    app.post(
      '/auth/logout',
      {
        config: { permission: 'signed_in' },
        schema: { ...schema, summary: 'Sign out: the token or cookie stops working' },
      },
      async (request, reply) => {
        const credentials = readCredentials(request);
        if (credentials !== null) await auth.logout(request.actor, credentials.token);
        return reply.clearCookie(SESSION_COOKIE, { path: '/' }).code(204).send();
      },
    );
    app.get(
      '/auth/me',
      {
        config: { permission: 'signed_in' },
        schema: { ...schema, summary: 'Who I am and what I may do', response: { 200: Me } },
      },
      ({ actor }) => describe(auth, userIdOf(actor)),
    );
    app.post(
      '/auth/password',
      {
        config: { permission: 'signed_in' },
        schema: { ...schema, summary: 'Change my own password', body: Passwords },
      },
      async (request, reply) => {
        const { oldPassword, newPassword } = request.body;
        await guess(limit, request, () =>
          auth.changePassword(request.actor, { old: oldPassword, new: newPassword }),
        );
        return reply.code(204).send();
      },
    );
  };
}

async function describe(auth: Auth, userId: string): Promise<Me> {
  const { id, username, displayName, roles, technicianId, centre } = await auth.users.find(userId);
  const permissions = permissionsOf({ type: 'user', userId, username, roles, technicianId, centre });
  return {
    id,
    username,
    displayName,
    roles: [...roles],
    technicianId,
    centreId: centre?.id ?? null,
    permissions,
  };
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

/** Runs what checks the password, as one guess: it counts unless the password proved right. */
async function guess<T>(limit: AttemptLimit, request: FastifyRequest, check: () => Promise<T>): Promise<T> {
  const takeBack = limit.begin({ address: request.ip, name: nameIn(request) });
  try {
    const result = await check();
    takeBack();
    return result;
  } catch (error) {
    const isWrong = error instanceof AftercareError && WRONG_PASSWORD.has(error.code);
    if (!isWrong) takeBack();
    throw error;
  }
}

function nameIn({ body, actor }: FastifyRequest): string {
  if (actor.type === 'user') return actor.username;
  const hasName = typeof body === 'object' && body !== null && 'username' in body;
  return hasName ? String(body.username).toLowerCase() : '';
}
