import { type SqlBool, sql } from 'kysely';
import type { Priority } from '#contracts/priority.ts';
import type { Source, TicketStatus } from '#contracts/statuses.ts';
import type { Ticket } from '#contracts/tickets.ts';
import type { Db, Tx } from '#platform/db/db.ts';
import { decodeRecordCursor, type PageOf, pageOf } from '#platform/http/page.ts';
import type { TicketDeps } from './ports.ts';
import type { TicketRow, TicketTables } from './tables.ts';
import { toTicket } from './ticket-views.ts';

export interface TicketFilter {
  readonly limit?: number;
  readonly cursor?: string;
  readonly deviceId?: string;
  readonly unitId?: string;
  readonly status?: TicketStatus;
  readonly priority?: Priority;
  readonly source?: Source;
  readonly q?: string;
}

/** Tickets, the newest first. `q` is part of a number, a fault or the report's words. */
export async function listTickets(deps: TicketDeps, filter: TicketFilter): Promise<PageOf<Ticket>> {
  const limit = filter.limit ?? 50;
  const cursor = decodeRecordCursor(filter.cursor);
  const equal: Readonly<Record<string, string | undefined>> = {
    device_id: filter.deviceId,
    unit_id: filter.unitId,
    status: filter.status,
    priority: filter.priority,
    source: filter.source,
  };
  let query = deps.db.withTables<TicketTables>().selectFrom('ticket').selectAll();
  for (const [column, value] of Object.entries(equal)) {
    if (value !== undefined) query = query.where(sql<SqlBool>`${sql.ref(column)} = ${value}`);
  }
  if (filter.q !== undefined) {
    const like = `%${filter.q.replaceAll(/[\\%_]/g, '\\$&')}%`;
    query = query.where(
      sql<SqlBool>`concat_ws(' ', number, fault_family, fault_code, summary::text) ilike ${like}`,
    );
  }
  if (cursor !== undefined) query = query.where('id', '<', cursor);
  const rows = await query
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute();
  const orders = await deps.orders.summarise(
    deps.db,
    rows.map(({ id }) => id),
  );
  return pageOf(rows, limit, (row) => toTicket(row, orders.get(row.id)?.ids ?? []));
}

export async function findTicket(db: Db | Tx, id: string): Promise<TicketRow | undefined> {
  return db
    .withTables<TicketTables>()
    .selectFrom('ticket')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst();
}
