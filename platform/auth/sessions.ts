import { sql } from 'kysely';
import type { Clock } from '../clock.ts';
import type { Db, Tx } from '../db/db.ts';
import type { Actor } from './actor.ts';
import { type AuthTables, centreOf, type SessionKind } from './auth-tables.ts';
import { createSecretHasher, generateSecret } from './secrets.ts';

const BEARER_TTL_MS = 30 * 24 * 3_600_000;
const COOKIE_TTL_MS = 12 * 3_600_000;
const REMEMBERED_MS = 3_000;
const MAX_REMEMBERED = 10_000;
/** A cookie's end is moved at most this often. */
const SLIDE_EVERY_MS = 60_000;

interface Deps {
  readonly db: Db;
  readonly clock: Clock;
  readonly secretKey: Buffer;
}

interface Resolved {
  readonly actor: Actor;
  readonly userId: string;
  readonly untilMs: number;
}

/**
 * Opaque tokens of 160 bits, stored hashed. A resolved token is remembered for a few seconds; a change to a
 * user forgets it at once in this process, within those seconds in others.
 */
export interface Sessions {
  start(tx: Tx, userId: string, session: { kind: SessionKind; ttlMs?: number }): Promise<string>;
  resolve(token: string): Promise<Actor | null>;
  end(token: string): Promise<void>;
  endAll(tx: Tx, userId: string): Promise<void>;
  /** After the commit of a change to this user: nothing of them is remembered any more. */
  forget(userId: string): void;
  sweep(): Promise<number>;
}

export function createSessions({ db, clock, secretKey }: Deps): Sessions {
  const hasher = createSecretHasher(secretKey, 'session');
  const tables = db.withTables<AuthTables>();
  const remembered = new Map<string, Resolved>();
  let forgotten = 0;

  function remember(key: string, resolved: Resolved): void {
    if (remembered.size >= MAX_REMEMBERED) {
      const [oldest] = remembered.keys();
      if (oldest !== undefined) remembered.delete(oldest);
    }
    remembered.set(key, resolved);
  }

  async function lookUp(hash: Buffer, now: number): Promise<Resolved | null> {
    const row = await tables
      .selectFrom('session')
      .innerJoin('user_account', 'user_account.id', 'session.user_id')
      .select(['user_id', 'kind', 'expires_at', 'last_seen_at', 'username', 'roles', 'technician_id'])
      .select(['centre_id', 'centre_kind'])
      .where('token_hash', '=', hash)
      .where('is_active', '=', true)
      .executeTakeFirst();
    if (row === undefined || row.expires_at <= now) return null;
    let expiresAt = row.expires_at;
    if (now - row.last_seen_at >= SLIDE_EVERY_MS) {
      if (row.kind === 'cookie') expiresAt = now + COOKIE_TTL_MS;
      await tables
        .updateTable('session')
        .set({ last_seen_at: new Date(now), expires_at: new Date(expiresAt) })
        .where('token_hash', '=', hash)
        .execute();
    }
    const { user_id: userId, username, roles, technician_id: technicianId } = row;
    return {
      actor: { type: 'user', userId, username, roles, technicianId, centre: centreOf(row) },
      userId,
      untilMs: Math.min(now + REMEMBERED_MS, expiresAt),
    };
  }

  return {
    start: async (tx, userId, { kind, ttlMs }) => {
      const token = generateSecret();
      const now = clock.nowMs();
      const lifeMs = ttlMs ?? (kind === 'cookie' ? COOKIE_TTL_MS : BEARER_TTL_MS);
      await tx
        .withTables<AuthTables>()
        .insertInto('session')
        .values({
          token_hash: hasher.hash(token),
          user_id: userId,
          kind,
          created_at: new Date(now),
          expires_at: new Date(now + lifeMs),
          last_seen_at: new Date(now),
        })
        .execute();
      return token;
    },
    resolve: async (token) => {
      const hash = hasher.hash(token);
      const key = hash.toString('base64');
      const now = clock.nowMs();
      const known = remembered.get(key);
      if (known !== undefined && known.untilMs > now) return known.actor;
      remembered.delete(key);
      const before = forgotten;
      const resolved = await lookUp(hash, now);
      if (resolved !== null && before === forgotten) remember(key, resolved);
      return resolved?.actor ?? null;
    },
    end: async (token) => {
      const hash = hasher.hash(token);
      await tables.deleteFrom('session').where('token_hash', '=', hash).execute();
      forgotten += 1;
      remembered.delete(hash.toString('base64'));
    },
    endAll: async (tx, userId) => {
      await tx.withTables<AuthTables>().deleteFrom('session').where('user_id', '=', userId).execute();
    },
    forget: (userId) => {
      forgotten += 1;
      for (const [key, resolved] of remembered) if (resolved.userId === userId) remembered.delete(key);
    },
    sweep: async () => {
      const { numDeletedRows } = await tables
        .deleteFrom('session')
        .where(sql<boolean>`expires_at <= ${new Date(clock.nowMs())}`)
        .executeTakeFirst();
      return Number(numDeletedRows);
    },
  };
}
