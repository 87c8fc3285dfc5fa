export { createMaintenanceConsumer } from './consumer.ts';
export { MAINTENANCE_MIGRATIONS } from './migrations.ts';
export { maintenanceRoutes } from './routes.ts';
export { type SweepDeps as MaintenanceSweepDeps, sweepMaintenance } from './sweep.ts';
