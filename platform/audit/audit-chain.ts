import { createHmac } from 'node:crypto';
import { sql } from 'kysely';
import { deriveKey } from '../auth/secrets.ts';
import type { Clock } from '../clock.ts';
import type { Db, Tx } from '../db/db.ts';
import type { Logger } from '../log.ts';
import type { AuditTables } from './audit-log.ts';

/** Whether every sealed row is as it was sealed; else the first block that is not, and what is wrong with it. */
export type AuditVerdict =
  | { readonly ok: true; readonly blocks: number; readonly rows: number }
  | { readonly ok: false; readonly block: number; readonly reason: 'rows_changed' | 'block_missing' };

const MAX_BLOCK_ROWS = 5_000;
const BLOCKS_AT_ONCE = 100;
const GENESIS = Buffer.alloc(32);
const CHAIN_LOCK = 7_305_201_126;

interface SealedRow {
  readonly id: string;
  readonly block_number: number | null;
  readonly canonical: string;
}

/** Everything in a row but its block, as text that is the same on every server and in every time zone. */
const CANONICAL = sql<string>`json_build_array(
  id, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
  actor_id, action, entity, entity_id, fields::text
)::text`;

interface Deps {
  readonly db: Db;
  readonly clock: Clock;
}

/**
 * Chains the rows that no block holds yet into one block: hash = HMAC(key, hash of the block before + rows), so
 * whoever changes the database without the server key is found out. Any row that is committed is taken, however
 * late its transaction ends. Returns how many rows it sealed; 0 when another node is at it.
 */
export function sealAudit({ db, clock }: Deps, secretKey: Buffer): Promise<number> {
  return db.transaction().execute(async (tx) => {
    const lock = await sql<{
      held: boolean;
    }>`select pg_try_advisory_xact_lock(${CHAIN_LOCK}) as held`.execute(tx);
    if (lock.rows[0]?.held !== true) return 0;
    const tables = tx.withTables<AuditTables>();
    const rows = await tables
      .selectFrom('audit_record')
      .select(['id', 'block_number', CANONICAL.as('canonical')])
      .where('block_number', 'is', null)
      .orderBy('id')
      .limit(MAX_BLOCK_ROWS)
      .execute();
    if (rows.length === 0) return 0;
    const last = await lastBlock(tx);
    const number = (last?.number ?? 0) + 1;
    const hash = hashBlock(chainKey(secretKey), last?.hash ?? GENESIS, rows);
    await tables
      .insertInto('audit_block')
      .values({ number, row_count: rows.length, hash, sealed_at: new Date(clock.nowMs()) })
      .execute();
    await tables
      .updateTable('audit_record')
      .set({ block_number: number })
      .where(sql<boolean>`id = any(${rows.map((row) => row.id)}::uuid[])`)
      .execute();
    return rows.length;
  });
}

/** Seals every `everyMs` of the wall until disposed; a failure is logged and the next round tries again. */
export function startAuditSealer(
  { log, ...deps }: Deps & { readonly log: Logger },
  { secretKey, everyMs }: { readonly secretKey: Buffer; readonly everyMs: number },
): AsyncDisposable {
  let round: Promise<unknown> = Promise.resolve();
  let isBusy = false;
  const timer = setInterval(() => {
    if (isBusy) return;
    isBusy = true;
    round = sealAudit(deps, secretKey)
      .catch((error: unknown) => log.error({ err: error }, 'audit rows not sealed'))
      .finally(() => {
        isBusy = false;
      });
  }, everyMs);
  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer);
      await round;
    },
  };
}

/**
 * Recomputes the whole chain. Rows younger than the last block are not vouched for yet; the personal values
 * beside the rows may be erased without breaking it.
 */
export async function verifyAudit(db: Db, secretKey: Buffer): Promise<AuditVerdict> {
  const key = chainKey(secretKey);
  let previous: Buffer = GENESIS;
  let number = 0;
  let rowCount = 0;
  for (;;) {
    const blocks = await blocksAfter(db, number);
    if (blocks.length === 0) break;
    const rows = await rowsOfBlocks(db, number + 1, number + BLOCKS_AT_ONCE);
    for (const block of blocks) {
      number += 1;
      if (block.number !== number) return { ok: false, block: number, reason: 'block_missing' };
      const own = rows.get(number) ?? [];
      const hash = hashBlock(key, previous, own);
      if (!hash.equals(block.hash)) return { ok: false, block: number, reason: 'rows_changed' };
      previous = hash;
      rowCount += own.length;
    }
  }
  const orphan = await db
    .withTables<AuditTables>()
    .selectFrom('audit_record')
    .select('block_number')
    .where('block_number', '>', number)
    .limit(1)
    .executeTakeFirst();
  if (orphan !== undefined) return { ok: false, block: number + 1, reason: 'block_missing' };
  return { ok: true, blocks: number, rows: rowCount };
}

function chainKey(secretKey: Buffer): Buffer {
  return deriveKey(secretKey, 'audit-chain');
}

function hashBlock(key: Buffer, previous: Buffer, rows: readonly { canonical: string }[]): Buffer {
  const hmac = createHmac('sha256', key).update(previous);
  for (const { canonical } of rows) hmac.update(canonical).update('\n');
  return hmac.digest();
}

function lastBlock(tx: Tx) {
  return tx
    .withTables<AuditTables>()
    .selectFrom('audit_block')
    .select(['number', 'hash'])
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst();
}

function blocksAfter(db: Db, number: number) {
  return db
    .withTables<AuditTables>()
    .selectFrom('audit_block')
    .select(['number', 'hash'])
    .where('number', '>', number)
    .where('number', '<=', number + BLOCKS_AT_ONCE)
    .orderBy('number')
    .execute();
}

async function rowsOfBlocks(db: Db, from: number, to: number): Promise<Map<number, SealedRow[]>> {
  const rows = await db
    .withTables<AuditTables>()
    .selectFrom('audit_record')
    .select(['id', 'block_number', CANONICAL.as('canonical')])
    .where('block_number', '>=', from)
    .where('block_number', '<=', to)
    .orderBy('block_number')
    .orderBy('id')
    .execute();
  const byBlock = new Map<number, SealedRow[]>();
  for (const row of rows) {
    if (row.block_number === null) continue;
    const own = byBlock.get(row.block_number);
    if (own) own.push(row);
    else byBlock.set(row.block_number, [row]);
  }
  return byBlock;
}
