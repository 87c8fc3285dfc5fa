import { Kysely, PostgresDialect, type PostgresPoolClient } from 'kysely';
import type pg from 'pg';
import type { Db } from '../db/db.ts';

const TRANSACTION_END = /^(begin|commit|rollback)$/;

/**
 * Queries on that one connection, inside the transaction it is in: transactions begun through it begin and end
 * nothing, so their work stands or falls with the outer one.
 */
export function openOnClient(client: pg.Client): Db {
  const connection = {
    query: (sql: string, parameters: unknown[]) =>
      TRANSACTION_END.test(sql) ? { command: '', rowCount: 0, rows: [] } : client.query(sql, parameters),
    release: () => undefined,
  } as unknown as PostgresPoolClient;
  const pool = { connect: async () => connection, end: async () => undefined };
  return new Kysely<Record<string, never>>({ dialect: new PostgresDialect({ pool }) }) as unknown as Db;
}
