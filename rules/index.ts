import type { Migrations } from '#platform/db/migrate.ts';
import { alarmMigrations } from './alarms/migrations.ts';
import { ruleMigrations } from './rule-store/migrations.ts';
import { snapshotMigrations } from './runner/migrations.ts';

export { createForecast } from './prognosis/create-forecast.ts';
export { type Rules, startRules } from './runner/start-rules.ts';

export const RULE_MIGRATIONS: Migrations = { ...alarmMigrations, ...ruleMigrations, ...snapshotMigrations };
