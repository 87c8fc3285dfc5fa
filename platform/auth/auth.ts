import { sql } from 'kysely';
import type { Audit } from '../audit/audit.ts';
import type { Clock } from '../clock.ts';
import type { Db } from '../db/db.ts';
import { AftercareError, invalidField } from '../errors.ts';
import type { Authenticator } from '../http/access.ts';
import { type Actor, ANONYMOUS } from './actor.ts';
import type { AuthTables, SessionKind } from './auth-tables.ts';
import { createPasswordHasher, requirePassword } from './passwords.ts';
import { generateSecret } from './secrets.ts';
import { createSessions } from './sessions.ts';
import { createUsers, type Users } from './users.ts';

interface Login {
  readonly username: string;
  readonly password: string;
  readonly kind: SessionKind;
  readonly ip: string;
}

export interface Auth extends Authenticator {
  readonly users: Users;
  /** A token for the right password; 401 otherwise, after the same work whether or not there is such a user. */
  login(login: Login): Promise<{ token: string; userId: string }>;
  logout(actor: Actor, token: string): Promise<void>;
  /** Sets one's own password and ends one's other sessions too: the caller signs in again. */
  changePassword(actor: Actor, passwords: { old: string; new: string }): Promise<void>;
  /** A bearer token for a program of ours that acts as this user. */
  mintToken(userId: string, ttlMs: number): Promise<string>;
  /**
   * On first start makes the user `admin`: with `password`, or with a generated one that is returned here, once.
   * Later starts change nothing, whatever `password` says.
   */
  ensureAdmin(password: string | null): Promise<FirstAdmin>;
  /** Forgets sessions that have ended; returns how many. */
  sweepSessions(): Promise<number>;
}

interface FirstAdmin {
  readonly created: boolean;
  readonly password: string | null;
  /** Of the user `admin`. */
  readonly userId: string;
}

interface Deps {
  readonly db: Db;
  readonly clock: Clock;
  readonly secretKey: Buffer;
  readonly audit: Audit;
}

const ADMIN = 'admin';
const STARTING: Actor = { type: 'system', name: 'start' };

export function createAuth(deps: Deps): Auth {
  const sessions = createSessions(deps);
  const hasher = createPasswordHasher();
  const users = createUsers({ ...deps, sessions, passwords: hasher });
  return {
    users,
    resolve: sessions.resolve,
    sweepSessions: sessions.sweep,
    login: async ({ username, password, kind, ip }) => {
      const account = await findAccount(deps.db, username);
      const isRight = await hasher.verify(password, account?.passwordHash ?? null);
      if (account === undefined || !isRight || !account.isActive) {
        await recordFailure(deps, account?.id ?? 'unknown', ip);
        throw new AftercareError('AUTH_LOGIN_REFUSED', 'user name or password is wrong', {
          kind: 'unauthenticated',
        });
      }
      const { id } = account;
      const token = await deps.db.transaction().execute(async (tx) => {
        const actor: Actor = {
          type: 'user',
          userId: id,
          username: account.username,
          roles: [],
          technicianId: null,
        };
        const fields = { kind: { to: kind }, ip: { to: ip } };
        await deps.audit.record(tx, {
          actor,
          action: 'user.signed_in',
          entity: 'user',
          entityId: id,
          fields,
          personal: ['ip'],
        });
        return sessions.start(tx, id, { kind });
      });
      return { token, userId: id };
    },
    logout: async (actor, token) => {
      await sessions.end(token);
      if (actor.type !== 'user') return;
      const entityId = actor.userId;
      await deps.db
        .transaction()
        .execute((tx) =>
          deps.audit.record(tx, { actor, action: 'user.signed_out', entity: 'user', entityId }),
        );
    },
    changePassword: async (actor, passwords) => {
      if (actor.type !== 'user') return;
      const account = await findAccount(deps.db, actor.username);
      if (!(await hasher.verify(passwords.old, account?.passwordHash ?? null))) {
        throw invalidField('AUTH_PASSWORD_WRONG', 'oldPassword', 'is not your password');
      }
      requirePassword('newPassword', passwords.new);
      await users.change(actor, actor.userId, {
        change: { password: passwords.new },
        guard: () => undefined,
      });
    },
    mintToken: (userId, ttlMs) =>
      deps.db.transaction().execute((tx) => sessions.start(tx, userId, { kind: 'bearer', ttlMs })),
    ensureAdmin: (password) => ensureAdmin(deps.db, users, password),
  };
}

async function findAccount(db: Db, username: string) {
  return db
    .withTables<AuthTables>()
    .selectFrom('user_account')
    .select(['id', 'username', 'password_hash as passwordHash', 'is_active as isActive'])
    .where(sql`lower(username)`, '=', username.toLowerCase())
    .executeTakeFirst();
}

/** What was typed as the user name is not kept: it may be a password in the wrong field. */
async function recordFailure({ db, audit }: Deps, userId: string, ip: string): Promise<void> {
  await db.transaction().execute((tx) =>
    audit.record(tx, {
      actor: ANONYMOUS,
      action: 'user.sign_in_failed',
      entity: 'user',
      entityId: userId,
      fields: { ip: { to: ip } },
      personal: ['ip'],
    }),
  );
}

async function ensureAdmin(db: Db, users: Users, password: string | null): Promise<FirstAdmin> {
  const known = await findAccount(db, ADMIN);
  if (known !== undefined) return { created: false, password: null, userId: known.id };
  const generated = password === null ? generateSecret().slice(0, 20) : null;
  try {
    const { id } = await users.create(STARTING, {
      username: ADMIN,
      displayName: 'Administrator',
      roles: ['admin'],
      password: password ?? generated,
      technicianId: null,
    });
    return { created: true, password: generated, userId: id };
  } catch (error) {
    if (!(error instanceof AftercareError && error.code === 'AUTH_USERNAME_TAKEN')) throw error;
    const other = await findAccount(db, ADMIN);
    if (other === undefined) throw error;
    return { created: false, password: null, userId: other.id };
  }
}
