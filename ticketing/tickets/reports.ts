import { sql } from 'kysely';
import type { Source } from '#contracts/statuses.ts';
import type { LocalText } from '#contracts/text.ts';
import type { Db, Tx } from '#platform/db/db.ts';
import { newId } from '#platform/ids.ts';
import type { TicketTables } from './tables.ts';

/** An alarm or a person's request about a ticket's fault. */
export interface NewReport {
  readonly ticketId: string;
  readonly kind: 'alarm' | 'request';
  readonly ref: string;
  readonly source: Source;
  readonly atMs: number;
  readonly text: LocalText | null;
}

const CHUNK = 1_000;

/** Attaches reports; one that is attached already stays as it is. A fresh report means it is not cleared. */
export async function attachReports(tx: Tx, reports: readonly NewReport[]): Promise<void> {
  const tables = tx.withTables<TicketTables>();
  for (let start = 0; start < reports.length; start += CHUNK) {
    const rows = reports.slice(start, start + CHUNK).map(({ ticketId, atMs, text, ...report }) => ({
      ...report,
      id: newId(),
      ticket_id: ticketId,
      at: new Date(atMs),
      text: text === null ? null : JSON.stringify(text),
    }));
    await tables
      .insertInto('ticket_report')
      .values(rows)
      .onConflict((conflict) => conflict.columns(['ticket_id', 'kind', 'ref']).doNothing())
      .execute();
  }
  const ids = [...new Set(reports.map(({ ticketId }) => ticketId))];
  if (ids.length === 0) return;
  await tables
    .updateTable('ticket')
    .set({ cleared_at: null })
    .where('id', 'in', ids)
    .where('cleared_at', 'is not', null)
    .execute();
}

/**
 * Notes alarms that returned to normal; a ticket all of whose reports have is cleared from then on. Gives the
 * tickets concerned, held.
 */
export async function clearReports(
  tx: Tx,
  returned: readonly { readonly alarmId: string; readonly atMs: number }[],
): Promise<string[]> {
  if (returned.length === 0) return [];
  const alarmIds = returned.map(({ alarmId }) => alarmId);
  const { rows } = await sql<{ id: string }>`
    select id from ticket
    where id in (select ticket_id from ticket_report where kind = 'alarm' and ref = any(${alarmIds}))
    order by id for update`.execute(tx);
  await sql`
    with returned as (
      select * from unnest(
        ${alarmIds}::text[],
        ${returned.map(({ atMs }) => new Date(atMs))}::timestamptz[]) as r (ref, at)
    ), cleared as (
      update ticket_report set cleared_at = returned.at
      from returned
      where kind = 'alarm' and ticket_report.ref = returned.ref and cleared_at is null
      returning ticket_id, ticket_report.id, returned.at
    )
    update ticket set cleared_at = last.at
    from (select ticket_id, max(at) as at from cleared group by ticket_id) last
    where ticket.id = last.ticket_id
      and not exists (
        select 1 from ticket_report report
        where report.ticket_id = ticket.id and report.cleared_at is null
          and report.id not in (select id from cleared))`.execute(tx);
  return rows.map(({ id }) => id);
}

/** Alarms of a ticket that stand: raised and not returned. */
export async function standingAlarms(db: Db | Tx, ticketId: string): Promise<string[]> {
  const rows = await db
    .withTables<TicketTables>()
    .selectFrom('ticket_report')
    .select('ref')
    .where('ticket_id', '=', ticketId)
    .where('kind', '=', 'alarm')
    .where('cleared_at', 'is', null)
    .orderBy('id')
    .limit(20)
    .execute();
  return rows.map(({ ref }) => ref);
}

/** When the last of a ticket's alarms returned; null where none has. */
export async function lastReturnMs(db: Db | Tx, ticketId: string): Promise<number | null> {
  const row = await db
    .withTables<TicketTables>()
    .selectFrom('ticket_report')
    .select('cleared_at')
    .where('ticket_id', '=', ticketId)
    .where('kind', '=', 'alarm')
    .where('cleared_at', 'is not', null)
    .orderBy('cleared_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.cleared_at ?? null;
}

/** The ticket each of these alarms is on (the newest, where a reopened one left it on two). */
export async function ticketOfAlarms(
  db: Db | Tx,
  alarmIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (alarmIds.length === 0) return new Map();
  const rows = await db
    .withTables<TicketTables>()
    .selectFrom('ticket_report')
    .select(['ref', 'ticket_id'])
    .where('kind', '=', 'alarm')
    .where('ref', 'in', [...alarmIds])
    .orderBy('id')
    .execute();
  return new Map(rows.map(({ ref, ticket_id }) => [ref, ticket_id]));
}
