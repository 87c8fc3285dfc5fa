import type { CentreKind, CentreMembership } from '#contracts/centres.ts';
import { PERMISSIONS, type Permission, type Role } from '#contracts/permissions.ts';
import type { Audit } from '../audit/audit.ts';
import type { Clock } from '../clock.ts';
import { type Db, sqlState, type Tx, UNIQUE_VIOLATION } from '../db/db.ts';
import { AftercareError, notFound } from '../errors.ts';
import { newId } from '../ids.ts';
import { type Actor, holdsPermission } from './actor.ts';
import { type AuthTables, centreOf } from './auth-tables.ts';
import { type PasswordHasher, requirePassword } from './passwords.ts';
import type { Sessions } from './sessions.ts';

export interface User {
  readonly id: string;
  readonly username: string;
  readonly displayName: string;
  readonly roles: readonly Role[];
  readonly technicianId: string | null;
  readonly centre: CentreMembership | null;
  readonly isActive: boolean;
  readonly version: number;
  readonly createdAtMs: number;
}

interface NewUser {
  readonly username: string;
  readonly displayName: string;
  readonly roles: readonly Role[];
  readonly password: string | null;
  readonly technicianId: string | null;
}

interface UserChange {
  readonly displayName?: string;
  readonly roles?: readonly Role[];
  readonly isActive?: boolean;
  readonly technicianId?: string | null;
  readonly password?: string;
}

interface Deps {
  readonly db: Db;
  readonly clock: Clock;
  readonly audit: Audit;
  readonly sessions: Sessions;
  readonly passwords: PasswordHasher;
}

const COLUMNS = [
  'id',
  'username',
  'display_name',
  'roles',
  'technician_id',
  'centre_id',
  'centre_kind',
  'is_active',
  'version',
  'created_at',
] as const;

/** What this actor may do, for the console to show only what will be let through. */
export function permissionsOf(actor: Actor): Permission[] {
  return (Object.keys(PERMISSIONS) as Permission[]).filter((permission) =>
    holdsPermission(actor, permission),
  );
}

/** People who sign in. A user is never deleted: what they did keeps its name. */
export interface Users {
  find(id: string): Promise<User>;
  list(page: { limit: number; before: string | undefined }): Promise<User[]>;
  create(actor: Actor, user: NewUser): Promise<User>;
  /** Runs `guard` on the row under its lock. Roles, a password or deactivation end what the old ones allowed. */
  change(actor: Actor, id: string, request: { change: UserChange; guard(user: User): void }): Promise<User>;
}

export function createUsers(deps: Deps): Users {
  const { db, audit, sessions, passwords } = deps;
  const tables = db.withTables<AuthTables>();
  return {
    find: async (id) => {
      const row = await tables
        .selectFrom('user_account')
        .select(COLUMNS)
        .where('id', '=', id)
        .executeTakeFirst();
      if (row === undefined) throw notFound('user', id);
      return toUser(row);
    },
    list: async ({ limit, before }) => {
      let found = tables.selectFrom('user_account').select(COLUMNS);
      if (before !== undefined) found = found.where('id', '<', before);
      return (await found.orderBy('id', 'desc').limit(limit).execute()).map(toUser);
    },
    create: async (actor, user) => {
      if (user.password !== null) requirePassword('password', user.password);
      const passwordHash = user.password === null ? null : await passwords.hash(user.password);
      try {
        return await db.transaction().execute((tx) => insertUser(tx, deps, { actor, user, passwordHash }));
      } catch (error) {
        if (sqlState(error) !== UNIQUE_VIOLATION) throw error;
        throw usernameTaken(user.username, error);
      }
    },
    change: async (actor, id, { change, guard }) => {
      if (change.password !== undefined) requirePassword('password', change.password);
      const passwordHash = change.password === undefined ? undefined : await passwords.hash(change.password);
      const changed = await db.transaction().execute(async (tx) => {
        const before = await lockUser(tx, id);
        guard(before);
        await requireAnAdminLeft(tx, before, change);
        const after = await updateUser(tx, before, { change, passwordHash });
        if (!after.isActive || passwordHash !== undefined) await sessions.endAll(tx, id);
        await audit.record(tx, {
          actor,
          action: 'user.changed',
          entity: 'user',
          entityId: id,
          fields: differences(before, after, passwordHash !== undefined),
          personal: ['displayName'],
        });
        return after;
      });
      sessions.forget(id);
      return changed;
    },
  };
}

function usernameTaken(username: string, cause: unknown): AftercareError {
  return new AftercareError('AUTH_USERNAME_TAKEN', `there is a user ${username} already`, {
    kind: 'conflict',
    cause,
  });
}

interface Insertion {
  readonly actor: Actor;
  readonly user: NewUser;
  readonly passwordHash: string | null;
}

async function insertUser(
  tx: Tx,
  { clock, audit }: Deps,
  { actor, user, passwordHash }: Insertion,
): Promise<User> {
  const row = await tx
    .withTables<AuthTables>()
    .insertInto('user_account')
    .values({
      id: newId(),
      username: user.username.toLowerCase(),
      display_name: user.displayName,
      password_hash: passwordHash,
      roles: [...user.roles],
      technician_id: user.technicianId,
      created_at: new Date(clock.nowMs()),
    })
    .returning(COLUMNS)
    .executeTakeFirstOrThrow();
  await audit.record(tx, {
    actor,
    action: 'user.created',
    entity: 'user',
    entityId: row.id,
    fields: {
      username: { to: row.username },
      displayName: { to: row.display_name },
      roles: { to: row.roles },
      technicianId: { to: row.technician_id },
    },
    personal: ['username', 'displayName'],
  });
  return toUser(row);
}

async function lockUser(tx: Tx, id: string): Promise<User> {
  const row = await tx
    .withTables<AuthTables>()
    .selectFrom('user_account')
    .select(COLUMNS)
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) throw notFound('user', id);
  return toUser(row);
}

/** 409 when the change would leave nobody who can manage users. Admins are locked, so two such changes queue. */
async function requireAnAdminLeft(tx: Tx, before: User, change: UserChange): Promise<void> {
  const stays = (change.isActive ?? before.isActive) && (change.roles ?? before.roles).includes('admin');
  if (stays || !before.isActive || !before.roles.includes('admin')) return;
  const admins = await tx
    .withTables<AuthTables>()
    .selectFrom('user_account')
    .select(['id', 'roles'])
    .where('is_active', '=', true)
    .orderBy('id')
    .forUpdate()
    .execute();
  if (admins.some(({ id, roles }) => id !== before.id && roles.includes('admin'))) return;
  throw new AftercareError(
    'AUTH_LAST_ADMIN',
    `${before.username} is the last active admin: name another first`,
    {
      kind: 'conflict',
    },
  );
}

async function updateUser(
  tx: Tx,
  before: User,
  { change, passwordHash }: { change: UserChange; passwordHash: string | undefined },
): Promise<User> {
  const row = await tx
    .withTables<AuthTables>()
    .updateTable('user_account')
    .set({
      display_name: change.displayName ?? before.displayName,
      roles: [...(change.roles ?? before.roles)],
      is_active: change.isActive ?? before.isActive,
      technician_id: change.technicianId === undefined ? before.technicianId : change.technicianId,
      version: before.version + 1,
      ...(passwordHash !== undefined && { password_hash: passwordHash }),
    })
    .where('id', '=', before.id)
    .returning(COLUMNS)
    .executeTakeFirstOrThrow();
  return toUser(row);
}

function differences(before: User, after: User, isNewPassword: boolean) {
  const fields: Record<string, { from?: unknown; to?: unknown }> = {};
  for (const name of ['displayName', 'roles', 'isActive', 'technicianId'] as const) {
    if (JSON.stringify(before[name]) !== JSON.stringify(after[name])) {
      fields[name] = { from: before[name], to: after[name] };
    }
  }
  if (isNewPassword) fields.password = {};
  return fields;
}

interface UserRow {
  id: string;
  username: string;
  display_name: string;
  roles: Role[];
  technician_id: string | null;
  centre_id: string | null;
  centre_kind: CentreKind | null;
  is_active: boolean;
  version: number;
  created_at: number;
}

function toUser(row: UserRow): User {
  return {
    id: row.id,
    username: row.username,
    displayName: row.display_name,
    roles: row.roles,
    technicianId: row.technician_id,
    centre: centreOf(row),
    isActive: row.is_active,
    version: row.version,
    createdAtMs: row.created_at,
  };
}
