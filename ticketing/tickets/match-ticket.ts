import { type SqlBool, sql } from 'kysely';
import { UNSPECIFIED_FAMILY, unmappedFamily } from '#contracts/faults.ts';
import type { Tx } from '#platform/db/db.ts';
import { REOPEN_WINDOW_MS } from './move-ticket.ts';
import type { TicketRow, TicketTables } from './tables.ts';

const MATCH_WINDOW_MS = 24 * 3_600_000;
const MOST_UNMAPPED = 20;

const isOpen = sql<SqlBool>`status not in ('closed', 'cancelled', 'merged')`;

function tickets(tx: Tx) {
  return tx.withTables<TicketTables>().selectFrom('ticket').selectAll();
}

/** The open tickets of these faults, held until the transaction ends. The caller holds their units. */
export async function openTicketsOf(
  tx: Tx,
  keys: readonly string[],
): Promise<ReadonlyMap<string, TicketRow>> {
  if (keys.length === 0) return new Map();
  const rows = await tickets(tx)
    .where('fault_key', 'in', [...keys])
    .where(isOpen)
    .orderBy('id')
    .forUpdate()
    .execute();
  return new Map(rows.map((row) => [row.fault_key ?? '', row]));
}

/** The tickets of these faults that closed within the reopen window, the latest of each. */
export async function recentlyClosedTickets(
  tx: Tx,
  { keys, nowMs }: { readonly keys: readonly string[]; readonly nowMs: number },
): Promise<ReadonlyMap<string, TicketRow>> {
  if (keys.length === 0) return new Map();
  const rows = await tickets(tx)
    .where('fault_key', 'in', [...keys])
    .where('status', '=', 'closed')
    .where(sql<SqlBool>`closed_at >= ${new Date(nowMs - REOPEN_WINDOW_MS)}`)
    .orderBy('closed_at')
    .forUpdate()
    .execute();
  return new Map(rows.map((row) => [row.fault_key ?? '', row]));
}

/** Open fault tickets of these units from the last 24 hours, held. The caller holds the units. */
async function recentFaultTickets(
  tx: Tx,
  { unitIds, nowMs }: { readonly unitIds: readonly string[]; readonly nowMs: number },
): Promise<TicketRow[]> {
  return tickets(tx)
    .where('unit_id', 'in', [...unitIds])
    .where('category', 'in', ['emergency_repair', 'general_troubleshooting'])
    .where('status', 'in', ['open', 'assessed', 'in_progress'])
    .where(sql<SqlBool>`opened_at >= ${new Date(nowMs - MATCH_WINDOW_MS)}`)
    .orderBy('id')
    .forUpdate()
    .execute();
}

/**
 * The ticket that a symptom in somebody's words joins: the unit's only open fault ticket of the last 24 hours, of
 * the same component where both name one. Undefined where there is none or where it could be either of several.
 */
export async function ticketForSymptom(
  tx: Tx,
  report: { readonly unitId: string; readonly component: string; readonly nowMs: number },
): Promise<TicketRow | undefined> {
  const { unitId, nowMs } = report;
  const candidates = (await recentFaultTickets(tx, { unitIds: [unitId], nowMs })).filter(
    ({ component }) => component === '' || report.component === '' || component === report.component,
  );
  return candidates.length === 1 ? candidates[0] : undefined;
}

/** People's reports about these units that have no family yet, held. The caller holds the units. */
export async function unexplainedTickets(
  tx: Tx,
  units: { readonly unitIds: readonly string[]; readonly nowMs: number },
): Promise<TicketRow[]> {
  if (units.unitIds.length === 0) return [];
  const recent = await recentFaultTickets(tx, units);
  return recent.filter(({ fault_family }) => fault_family === UNSPECIFIED_FAMILY);
}

/** The one of these reports that a fault of this unit and component explains, if there is just one. */
export function explainedBy(
  fault: { readonly unitId: string; readonly component: string },
  reports: readonly TicketRow[],
): TicketRow | undefined {
  const candidates = reports.filter(
    ({ unit_id, component }) =>
      unit_id === fault.unitId && (component === '' || component === fault.component),
  );
  return candidates.length === 1 ? candidates[0] : undefined;
}

/**
 * The unit's newest ticket of a code that no table maps, once so many of them are in hand that a further code gets
 * none of its own. The caller holds the unit.
 */
export async function unmappedCrowd(
  tx: Tx,
  fault: { readonly unitId: string; readonly faultFamily: string },
): Promise<TicketRow | undefined> {
  const prefix = unmappedFamily('');
  if (!fault.faultFamily.startsWith(prefix)) return undefined;
  const inHand = await tickets(tx)
    .where('unit_id', '=', fault.unitId)
    .where('status', 'in', ['assessed', 'in_progress'])
    .where(sql<SqlBool>`starts_with(fault_family, ${prefix})`)
    .orderBy('id', 'desc')
    .limit(MOST_UNMAPPED)
    .execute();
  return inHand.length < MOST_UNMAPPED ? undefined : inHand[0];
}
