export { accountRoutes, sweepRecords } from './account-routes.ts';
export { type Ingest, startIngest } from './ingest.ts';
export { ingestMigrations } from './migrations.ts';
export { readCheckpoint, saveRecords } from './records-store.ts';
export { openPostgresStore } from './telemetry/postgres/postgres-store.ts';
export { telemetryMigrations } from './telemetry/postgres/schema.ts';
export type { TelemetryStore } from './telemetry/telemetry-store.ts';
export { telemetryRoutes } from './telemetry-routes.ts';
export { createUnknownMetrics } from './unknown-metrics.ts';
