export { REPAIR_MIGRATIONS } from './migrations.ts';
export { createVerificationRecords } from './verification-records.ts';
export { type Load, noteRecurrence, verifyRepairs } from './verify-repairs.ts';
