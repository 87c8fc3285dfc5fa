import { randomBytes } from 'node:crypto';
import type { Role } from '#contracts/permissions.ts';
import { createAudit } from '#platform/audit/audit-log.ts';
import { type Auth, createAuth } from '#platform/auth/auth.ts';
import { type Clock, createClock } from '#platform/clock.ts';
import type { ReadinessCheck } from '#platform/http/health.ts';
import { createHttpApp, type HttpApp } from '#platform/http/http-app.ts';
import type { Routes } from '#platform/http/routes.ts';
import { newId } from '#platform/ids.ts';
import { createLog } from '#platform/log.ts';
import { createMetrics } from '#platform/metrics/metrics.ts';
import { openTestDatabase, type TestDatabase } from './test-database.ts';

export interface TestHttp extends HttpApp {
  readonly database: TestDatabase;
  readonly auth: Auth;
  readonly secretKey: Buffer;
  /** Headers of a user of their own with these roles. */
  signIn(...roles: Role[]): Promise<{ authorization: string; userId: string }>;
}

interface TestHttpOptions {
  readonly clock?: Clock;
  readonly readiness?: readonly ReadinessCheck[];
  readonly publicUrl?: string;
}

type MakeRoutes = (deps: { database: TestDatabase; auth: Auth; secretKey: Buffer }) => readonly Routes[];

/** The HTTP app over a database of its own, with real sign-in; ask it with `app.inject` or listen on port 0. */
export async function openTestHttp(makeRoutes: MakeRoutes, options: TestHttpOptions = {}): Promise<TestHttp> {
  const { clock = createClock(), readiness = [], publicUrl = null } = options;
  const database = await openTestDatabase();
  const { db } = database;
  const secretKey = randomBytes(32);
  const audit = createAudit({ clock });
  const auth = createAuth({ db, clock, secretKey, audit });
  const log = createLog({ level: 'silent', format: 'json' });
  const http = await createHttpApp(
    { auth, log, clock, db, metrics: createMetrics(), readiness },
    { publicUrl, trustProxy: false, secretKey, version: '0.0.0' },
  );
  for (const routes of makeRoutes({ database, auth, secretKey })) http.register(routes);
  return {
    ...http,
    database,
    auth,
    secretKey,
    signIn: async (...roles) => {
      const { id } = await auth.users.create(
        { type: 'system', name: 'test' },
        {
          username: `u-${newId()}`,
          displayName: roles.join(' '),
          roles,
          password: null,
          technicianId: null,
        },
      );
      return { authorization: `Bearer ${await auth.mintToken(id, 3_600_000)}`, userId: id };
    },
    [Symbol.asyncDispose]: async () => {
      await http[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}
