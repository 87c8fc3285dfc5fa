import { type Kysely, type Migration, Migrator } from 'kysely';
import { AftercareError } from '../errors.ts';
import type { Db } from './db.ts';

/**
 * A feature's migrations by name. Names start with a date and a number (`20261121_10_units`) and sort after
 * every migration that has shipped: they run in name order, each once.
 */
export type Migrations = Readonly<Record<string, Migration>>;

/** A migration that only runs SQL. */
export function sqlMigration(up: (db: Kysely<unknown>) => Promise<unknown>): Migration {
  return {
    up: async (db) => {
      await up(db);
    },
  };
}

/** Brings the schema up to date. Safe when several processes start at once: one runs, the others wait. */
export async function migrate(db: Db, sources: readonly Migrations[]): Promise<readonly string[]> {
  const migrations = Object.assign({}, ...sources) as Record<string, Migration>;
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } });
  const { error, results } = await migrator.migrateToLatest();
  if (error !== undefined) {
    const failed = results?.find((result) => result.status === 'Error')?.migrationName ?? 'unknown';
    throw new AftercareError('PLATFORM_MIGRATION_FAILED', `migration ${failed} failed: ${String(error)}`, {
      cause: error,
    });
  }
  return (results ?? []).map((result) => result.migrationName);
}
