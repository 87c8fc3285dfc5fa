export { PEOPLE_MIGRATIONS } from './migrations.ts';
export { findTechnician, listDispatchable } from './records.ts';
export { technicianRoutes } from './routes.ts';
