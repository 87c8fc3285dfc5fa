import { COMMAND_MIGRATIONS } from '#gateway/commands/migrations.ts';
import { deviceMigrations } from '#gateway/devices/migrations.ts';
import { ingestMigrations, telemetryMigrations } from '#ingest/index.ts';
import { AUDIT_MIGRATIONS } from '#platform/audit/audit-log.ts';
import { AUTH_MIGRATIONS } from '#platform/auth/auth-tables.ts';
import type { Migrations } from '#platform/db/migrate.ts';
import { HTTP_MIGRATIONS } from '#platform/http/idempotency.ts';
import { outboxMigrations } from '#platform/outbox/outbox-migrations.ts';
import { RULE_MIGRATIONS } from '#rules/index.ts';
import { CENTRE_MIGRATIONS } from '#ticketing/centres/index.ts';
import { CUSTOMER_MIGRATIONS } from '#ticketing/customers/index.ts';
import { DESK_MIGRATIONS } from '#ticketing/desk.ts';
import { MAINTENANCE_MIGRATIONS } from '#ticketing/maintenance/index.ts';
import { PEOPLE_MIGRATIONS } from '#ticketing/people/index.ts';
import { UNIT_MIGRATIONS } from '#ticketing/units/index.ts';

/** Every feature's migrations; a feature with tables adds its line here. */
export const ALL_MIGRATIONS: readonly Migrations[] = [
  AUDIT_MIGRATIONS,
  AUTH_MIGRATIONS,
  HTTP_MIGRATIONS,
  outboxMigrations,
  deviceMigrations,
  COMMAND_MIGRATIONS,
  telemetryMigrations,
  ingestMigrations,
  RULE_MIGRATIONS,
  CUSTOMER_MIGRATIONS,
  UNIT_MIGRATIONS,
  CENTRE_MIGRATIONS,
  PEOPLE_MIGRATIONS,
  MAINTENANCE_MIGRATIONS,
  DESK_MIGRATIONS,
];
