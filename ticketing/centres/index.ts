export { findCentre } from './centre-store.ts';
export { CENTRE_MIGRATIONS } from './migrations.ts';
export { centreRoutes } from './routes.ts';
