import { type ColumnType, Kysely, PostgresDialect, type Transaction } from 'kysely';
import pg from 'pg';

/** A timestamptz column: epoch ms when read, a Date when written. */
export type Timestamp = ColumnType<number, Date, Date>;

/** The same, nullable. */
export type NullableTimestamp = ColumnType<number | null, Date | null | undefined, Date | null>;

/** Tables are typed by the feature that owns them: `db.withTables<UnitTables>()`. */
// biome-ignore lint/complexity/noBannedTypes: the base has no tables of its own
export type Db = Kysely<{}>;
// biome-ignore lint/complexity/noBannedTypes: the base has no tables of its own
export type Tx = Transaction<{}>;

const INT8 = 20;
const TIMESTAMPTZ = 1184;

pg.types.setTypeParser(INT8, Number);
pg.types.setTypeParser(TIMESTAMPTZ, (text) =>
  Date.parse(text.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00')),
);

export interface DbConfig {
  readonly url: string;
  readonly maxConnections: number;
}

export interface Database extends AsyncDisposable {
  readonly db: Db;
  readonly pool: pg.Pool;
}

/**
 * Opens a pool. Connections are made on first use; one that dies, idle or inside a transaction, is told to
 * `onError` and replaced on the next query.
 * int8 reads as number, timestamptz as epoch ms.
 */
export function openDatabase({ url, maxConnections }: DbConfig, onError: (error: Error) => void): Database {
  const pool = new pg.Pool({ connectionString: url, max: maxConnections });
  pool.on('connect', (client) => client.on('error', onError));
  pool.on('error', () => undefined);
  const db = new Kysely<Record<string, never>>({ dialect: new PostgresDialect({ pool }) });
  return {
    db: db as unknown as Db,
    pool,
    [Symbol.asyncDispose]: () => db.destroy(),
  };
}

/** SQLSTATE of a database error, or undefined for anything else. */
export function sqlState(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' && /^[0-9A-Z]{5}$/.test(error.code) ? error.code : undefined;
}

export const UNIQUE_VIOLATION = '23505';
