import { type SqlBool, sql } from 'kysely';
import type { HoldReason } from '#contracts/work-orders.ts';
import type { Db, Tx } from '#platform/db/db.ts';
import type { WorkOrderRow, WorkOrderTables } from './tables.ts';

/** What a technician has to do, and the unit they are at or on the way to. */
export interface Workload {
  readonly openOrders: number;
  readonly unitId: string | null;
}

/** How much each of these technicians has in hand; one without work is not in the answer. */
export async function workloadOf(
  tx: Db | Tx,
  technicianIds: readonly string[],
): Promise<ReadonlyMap<string, Workload>> {
  if (technicianIds.length === 0) return new Map();
  const { rows } = await sql<{ technician_id: string; open: number; unit_id: string | null }>`
    select technician_id, count(*) as open,
      (array_agg(unit_id order by last_step_at desc) filter (where status in
        ('en_route', 'on_site', 'diagnosed', 'repairing')))[1] as unit_id
    from work_order
    where technician_id = any(${[...technicianIds]}::uuid[])
      and status not in ('planned', 'tested', 'signed', 'submitted', 'reviewed', 'archived', 'cancelled')
    group by technician_id`.execute(tx);
  return new Map(
    rows.map(({ technician_id, open, unit_id }) => [technician_id, { openOrders: open, unitId: unit_id }]),
  );
}

/** Says why an order has no technician; the caller holds it. */
export async function holdOrder(tx: Tx, order: WorkOrderRow, reason: HoldReason): Promise<void> {
  if (order.hold_reason === reason) return;
  await tx
    .withTables<WorkOrderTables>()
    .updateTable('work_order')
    .set({ hold_reason: reason, version: order.version + 1 })
    .where('id', '=', order.id)
    .execute();
}

/** Orders without a technician that are due by then or have no due date, the most urgent first. */
export async function undispatchedOrders(db: Db, dueByMs: number): Promise<string[]> {
  const rows = await db
    .withTables<WorkOrderTables>()
    .selectFrom('work_order')
    .select('id')
    .where('status', '=', 'planned')
    .where(sql<SqlBool>`(due_at is null or due_at <= ${new Date(dueByMs)})`)
    .orderBy('priority')
    .orderBy('id')
    .limit(500)
    .execute();
  return rows.map(({ id }) => id);
}

/** Who did the ticket's last work that was tested. */
export async function lastTechnician(tx: Tx, ticketId: string): Promise<string | null> {
  const row = await tx
    .withTables<WorkOrderTables>()
    .selectFrom('work_order')
    .select('technician_id')
    .where('ticket_id', '=', ticketId)
    .where('tested_at', 'is not', null)
    .orderBy('tested_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.technician_id ?? null;
}
