export { requestRoutes } from './http.ts';
export { REQUEST_MIGRATIONS } from './migrations.ts';
