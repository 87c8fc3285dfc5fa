export { advanceRuns } from './advance-run.ts';
export { createCommandConsumer } from './command-consumer.ts';
export { remoteRepairRoutes } from './http.ts';
export { REPAIR_MIGRATIONS } from './migrations.ts';
export type { ChargingState, RemoteCommands } from './ports.ts';
export { createTicketRepairs } from './ticket-repairs.ts';
export { holdHazardsOf } from './unit-hazards.ts';
export { createVerificationRecords } from './verification-records.ts';
export { type Load, noteRecurrence, verifyRepairs } from './verify-repairs.ts';
