export { createDispatchRecords } from './dispatch-records.ts';
export { createDispatchConsumer, sweepPlannedOrders } from './dispatcher.ts';
export { dispatchRoutes } from './http.ts';
export { DISPATCH_MIGRATIONS } from './migrations.ts';
