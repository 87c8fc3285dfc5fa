import type { LightMyRequestResponse } from 'fastify';
import type { Role } from '#contracts/permissions.ts';
import type { Actor } from '#platform/auth/actor.ts';
import type { Clock } from '#platform/clock.ts';
import type { Db } from '#platform/db/db.ts';
import { createHttpApp } from '#platform/http/http-app.ts';
import type { Routes } from '#platform/http/routes.ts';
import { createLog } from '#platform/log.ts';
import { createMetrics } from '#platform/metrics/metrics.ts';

const USER_ID = '019e0000-0000-7000-8000-000000000001';

interface Call {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whose rights the call has; an admin's unless told. */
  readonly role?: Role;
}

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/** One feature's routes behind the real HTTP app, without a socket. */
export interface FeatureApp extends AsyncDisposable {
  /** `path` is below /api/v1. */
  call(method: Method, path: string, call?: Call): Promise<LightMyRequestResponse>;
}

export async function openFeatureApp(
  { db, clock }: { readonly db: Db; readonly clock: Clock },
  routes: readonly Routes[],
): Promise<FeatureApp> {
  const log = createLog({ level: 'silent', format: 'json' });
  const auth = { resolve: async (token: string) => actorOf(token as Role) };
  const http = await createHttpApp(
    { auth, log, clock, db, metrics: createMetrics(), readiness: [] },
    { publicUrl: null, trustProxy: false, secretKey: Buffer.alloc(32, 1), version: '0.0.0' },
  );
  for (const each of routes) http.register(each);
  return {
    call: (method, path, { body, headers = {}, role = 'admin' } = {}) =>
      http.app.inject({
        method,
        url: `/api/v1${path}`,
        headers: { authorization: `Bearer ${role}`, ...headers },
        ...(body !== undefined && { payload: body as object }),
      }),
    [Symbol.asyncDispose]: () => http[Symbol.asyncDispose](),
  };
}

function actorOf(role: Role): Actor {
  return { type: 'user', userId: USER_ID, username: role, roles: [role], technicianId: null };
}
