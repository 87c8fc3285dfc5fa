export { settleTicket } from './follow-order.ts';
export { workOrderRoutes } from './http.ts';
export { WORK_ORDER_MIGRATIONS } from './migrations.ts';
export { moveOrder, plainMove } from './move-order.ts';
export { type MaintenanceOrder, openMaintenanceOrder, openTicketOrder } from './open-order.ts';
export type { OrderDispatches, OrderVerification, WorkOrderDeps } from './ports.ts';
export type { WorkOrderRow } from './tables.ts';
export { cancelOrders, lockOrder, setVerification, summariseOrders } from './ticket-orders.ts';
export { holdOrder, lastTechnician, undispatchedOrders, workloadOf } from './workload.ts';
