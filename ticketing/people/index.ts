export { dispatchRoster, type RosterEntry } from './dispatch-roster.ts';
export { PEOPLE_MIGRATIONS } from './migrations.ts';
export { findTechnician } from './records.ts';
export { technicianRoutes } from './routes.ts';
export type { SetTechnicianOfUser } from './technician-store.ts';
