import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Generated } from 'kysely';
import { sql } from 'kysely';
import { deriveKey } from '../auth/secrets.ts';
import type { Clock } from '../clock.ts';
import type { Db, Timestamp } from '../db/db.ts';
import { type Migrations, sqlMigration } from '../db/migrate.ts';
import { AftercareError } from '../errors.ts';
import type { HttpInstance } from './routes.ts';

type IdempotencyTables = {
  idempotency_key: {
    user_id: string;
    key: string;
    request_hash: Buffer;
    status: Generated<number | null>;
    headers: Generated<Buffer | null>;
    body: Generated<Buffer | null>;
    created_at: Timestamp;
  };
};

export const HTTP_MIGRATIONS: Migrations = {
  '20261121_03_http': sqlMigration((db) =>
    sql`
      create table idempotency_key (
        user_id uuid not null,
        key text not null,
        request_hash bytea not null,
        status smallint,
        headers bytea,
        body bytea,
        created_at timestamptz not null,
        primary key (user_id, key)
      );
      create index idempotency_key_created_at on idempotency_key (created_at);
    `.execute(db),
  ),
};

const KEPT_MS = 14 * 24 * 3_600_000;
/** A request still unanswered after this long died with its process: its key may be used again. */
const ABANDONED_MS = 60_000;
const METHODS = new Set(['POST', 'PATCH', 'PUT', 'DELETE']);
const KEPT_HEADERS = ['content-type', 'etag', 'location'] as const;

interface Deps {
  readonly db: Db;
  readonly clock: Clock;
}

/** Forgets keys older than 14 days; returns how many. */
export async function sweepIdempotencyKeys({ db, clock }: Deps): Promise<number> {
  const { numDeletedRows } = await db
    .withTables<IdempotencyTables>()
    .deleteFrom('idempotency_key')
    .where(sql<boolean>`created_at < ${new Date(clock.nowMs() - KEPT_MS)}`)
    .executeTakeFirst();
  return Number(numDeletedRows);
}

/**
 * A change sent again with the same `Idempotency-Key` by the same user gets the first answer, and happens once.
 * Answers are kept encrypted: they may hold secrets that are told only once. An answer of 500 or more is not
 * kept, so the change may be tried again.
 */
export function replayByKey(app: HttpInstance, { db, clock }: Deps, secretKey: Buffer): void {
  const tables = db.withTables<IdempotencyTables>();
  const vault = createVault(deriveKey(secretKey, 'idempotency'));
  const claimed = new WeakMap<FastifyRequest, { userId: string; key: string }>();

  app.addHook('preHandler', async (request, reply) => {
    const key = keyOf(request);
    if (key === undefined || request.actor.type !== 'user') return;
    const { userId } = request.actor;
    const requestHash = hashRequest(request);
    const now = clock.nowMs();
    const claim = await tables
      .insertInto('idempotency_key')
      .values({ user_id: userId, key, request_hash: requestHash, created_at: new Date(now) })
      .onConflict((conflict) =>
        conflict
          .columns(['user_id', 'key'])
          .doUpdateSet({ created_at: new Date(now) })
          .where('idempotency_key.status', 'is', null)
          .where('idempotency_key.request_hash', '=', requestHash)
          .where(sql<boolean>`idempotency_key.created_at < ${new Date(now - ABANDONED_MS)}`),
      )
      .returning('key')
      .executeTakeFirst();
    if (claim !== undefined) {
      claimed.set(request, { userId, key });
      return;
    }
    const known = await tables
      .selectFrom('idempotency_key')
      .select(['request_hash', 'status', 'headers', 'body'])
      .where('user_id', '=', userId)
      .where('key', '=', key)
      .executeTakeFirst();
    if (known !== undefined && !known.request_hash.equals(requestHash)) throw reused(key);
    if (known === undefined || known.status === null) throw inFlight(key);
    return replay(reply, known.status, {
      headers: vault.open(known.headers),
      body: vault.open(known.body),
    });
  });

  app.addHook('onSend', async (request, reply, payload) => {
    const claim = claimed.get(request);
    if (claim === undefined) return payload;
    claimed.delete(request);
    const isText = typeof payload === 'string' || payload === null || payload === undefined;
    if (reply.statusCode >= 500 || !isText) {
      await tables
        .deleteFrom('idempotency_key')
        .where('user_id', '=', claim.userId)
        .where('key', '=', claim.key)
        .execute();
      return payload;
    }
    const headers = Object.fromEntries(KEPT_HEADERS.map((name) => [name, reply.getHeader(name)]));
    await tables
      .updateTable('idempotency_key')
      .set({
        status: reply.statusCode,
        headers: vault.seal(JSON.stringify(headers)),
        body: typeof payload === 'string' ? vault.seal(payload) : null,
      })
      .where('user_id', '=', claim.userId)
      .where('key', '=', claim.key)
      .execute();
    return payload;
  });
}

function keyOf(request: FastifyRequest): string | undefined {
  const key = request.headers['idempotency-key'];
  if (key === undefined || !METHODS.has(request.method)) return undefined;
  if (typeof key === 'string' && /^[\x21-\x7e]{1,200}$/.test(key)) return key;
  throw new AftercareError(
    'HTTP_IDEMPOTENCY_KEY_INVALID',
    'Idempotency-Key must be 1 to 200 printable characters without spaces',
    { kind: 'malformed' },
  );
}

function hashRequest(request: FastifyRequest): Buffer {
  const said = JSON.stringify([
    request.method,
    request.url,
    request.headers['if-match'] ?? null,
    request.body ?? null,
  ]);
  return createHash('sha256').update(said).digest();
}

function replay(reply: FastifyReply, status: number, kept: { headers: string | null; body: string | null }) {
  const headers: Record<string, string> = JSON.parse(kept.headers ?? '{}');
  return reply
    .code(status)
    .headers({ ...headers, 'idempotency-replayed': 'true' })
    .serializer((body: string) => body)
    .send(kept.body ?? undefined);
}

function reused(key: string): AftercareError {
  return new AftercareError(
    'HTTP_IDEMPOTENCY_KEY_REUSED',
    `Idempotency-Key ${key} was used for another request: take a new key for a new request`,
    { kind: 'invalid' },
  );
}

function inFlight(key: string): AftercareError {
  return new AftercareError(
    'HTTP_IDEMPOTENCY_KEY_IN_FLIGHT',
    `the first request with Idempotency-Key ${key} is still running: try again in a moment`,
    { kind: 'conflict' },
  );
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

function createVault(key: Buffer) {
  return {
    seal(text: string): Buffer {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
    },
    open(box: Buffer | null): string | null {
      if (box === null) return null;
      const decipher = createDecipheriv('aes-256-gcm', key, box.subarray(0, NONCE_BYTES));
      decipher.setAuthTag(box.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
      const sealed = box.subarray(NONCE_BYTES + TAG_BYTES);
      return Buffer.concat([decipher.update(sealed), decipher.final()]).toString();
    },
  };
}
