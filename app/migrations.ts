import type { Migrations } from '#platform/db/migrate.ts';

/** Every feature's migrations; a feature with tables adds its line here. */
export const ALL_MIGRATIONS: readonly Migrations[] = [];
