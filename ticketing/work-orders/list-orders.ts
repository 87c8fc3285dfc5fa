import { type SqlBool, sql } from 'kysely';
import type { WorkOrderKind, WorkOrderStatus } from '#contracts/statuses.ts';
import type { WorkOrder } from '#contracts/work-orders.ts';
import type { Actor } from '#platform/auth/actor.ts';
import type { Db } from '#platform/db/db.ts';
import { decodeRecordCursor, type PageOf, pageOf } from '#platform/http/page.ts';
import { LISTED_COLUMNS, toWorkOrder } from './order-views.ts';
import { ownOrdersOnly } from './perform-action.ts';
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
}

const NOBODY = '00000000-0000-0000-0000-000000000000';

/** Orders, the newest first; a technician sees their own only. */
export async function listOrders(db: Db, actor: Actor, filter: OrderFilter): Promise<PageOf<WorkOrder>> {
  const limit = filter.limit ?? 50;
  const cursor = decodeRecordCursor(filter.cursor);
  const own = actor.type === 'user' && ownOrdersOnly(actor) ? (actor.technicianId ?? NOBODY) : undefined;
  const equal: Readonly<Record<string, string | undefined>> = {
    status: filter.status,
    kind: filter.kind,
    technician_id: filter.technicianId,
    ticket_id: filter.ticketId,
    unit_id: filter.unitId,
    device_id: filter.deviceId,
  };
  let query = db.withTables<WorkOrderTables>().selectFrom('work_order').select(LISTED_COLUMNS);
  for (const [column, value] of Object.entries(equal)) {
    if (value !== undefined) query = query.where(sql<SqlBool>`${sql.ref(column)} = ${value}`);
  }
  if (own !== undefined) query = query.where('technician_id', '=', own);
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
