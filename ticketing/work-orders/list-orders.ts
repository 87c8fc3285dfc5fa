import { type SqlBool, sql } from 'kysely';
import type { WorkOrderKind, WorkOrderStatus } from '#contracts/statuses.ts';
import type { WorkOrder } from '#contracts/work-orders.ts';
import type { Actor } from '#platform/auth/actor.ts';
import type { Db } from '#platform/db/db.ts';
import { decodeRecordCursor, type PageOf, pageOf } from '#platform/http/page.ts';
import { ordersInScope } from './order-scope.ts';
import { LISTED_COLUMNS, toWorkOrder } from './order-views.ts';
import type { WorkOrderRow, WorkOrderTables } from './tables.ts';

export interface OrderFilter {
  readonly limit?: number;
  readonly cursor?: string;
  readonly status?: WorkOrderStatus;
  readonly kind?: WorkOrderKind;
  readonly technicianId?: string;
  readonly ticketId?: string;
  readonly unitId?: string;
  readonly deviceId?: string;
  readonly centreId?: string;
}

/** Orders, the newest first; a technician sees their own only, a partner's people those of their centre. */
export async function listOrders(db: Db, actor: Actor, filter: OrderFilter): Promise<PageOf<WorkOrder>> {
  const limit = filter.limit ?? 50;
  const cursor = decodeRecordCursor(filter.cursor);
  const equal: Readonly<Record<string, string | undefined>> = {
    status: filter.status,
    kind: filter.kind,
    technician_id: filter.technicianId,
    ticket_id: filter.ticketId,
    unit_id: filter.unitId,
    device_id: filter.deviceId,
    centre_id: filter.centreId,
  };
  let query = db.withTables<WorkOrderTables>().selectFrom('work_order').select(LISTED_COLUMNS);
  for (const [column, value] of Object.entries(equal)) {
    if (value !== undefined) query = query.where(sql<SqlBool>`${sql.ref(column)} = ${value}`);
  }
  for (const condition of ordersInScope(actor)) query = query.where(condition);
  if (cursor !== undefined) query = query.where('id', '<', cursor);
  const rows = await query
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute();
  return pageOf(rows, limit, toWorkOrder);
}

export async function findOrder(db: Db, id: string): Promise<WorkOrderRow | undefined> {
  return db
    .withTables<WorkOrderTables>()
    .selectFrom('work_order')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst();
}
