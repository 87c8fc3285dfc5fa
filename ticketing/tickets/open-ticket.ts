import { sql } from 'kysely';
import { faultFamily, UNSPECIFIED_FAMILY } from '#contracts/faults.ts';
import { type Level, priorityOf } from '#contracts/priority.ts';
import type { Source } from '#contracts/statuses.ts';
import type { LocalText } from '#contracts/text.ts';
import type { Coverage, TicketCategory } from '#contracts/tickets.ts';
import type { Actor } from '#platform/auth/actor.ts';
import type { Tx } from '#platform/db/db.ts';
import { newId } from '#platform/ids.ts';
import { startClocks } from '../sla/index.ts';
import { noteTicketEvent } from './move-ticket.ts';
import type { TicketDeps } from './ports.ts';
import type { TicketRow, TicketTables } from './tables.ts';

export interface NewTicket {
  readonly unitId: string | null;
  readonly deviceId: string | null;
  readonly component: string;
  readonly source: Source;
  readonly category: TicketCategory;
  readonly faultFamily: string;
  readonly faultCode: string | null;
  readonly faultKey: string | null;
  readonly coverage: Coverage;
  readonly awaitsReadBack: boolean;
  readonly summary: LocalText;
  readonly openedAtMs: number;
  readonly actor: Actor;
}

/**
 * The key under which a fault has at most one open ticket: unit, component and family. Null where a report is
 * matched under the unit's lock only (no unit, or a symptom in somebody's words).
 */
export function faultKey(fault: {
  readonly unitId: string | null;
  readonly component: string;
  readonly faultFamily: string;
}): string | null {
  if (fault.unitId === null || fault.faultFamily === UNSPECIFIED_FAMILY) return null;
  return `${fault.unitId}/${fault.component}/${fault.faultFamily}`;
}

/** Category of a fault's ticket and its place in the order of response. */
export function classify(familyId: string): {
  readonly category: TicketCategory;
  readonly impact: Level;
  readonly urgency: Level;
  readonly isEmergency: boolean;
} {
  const { impact, urgency, emergency } = faultFamily(familyId);
  return {
    category: emergency ? 'emergency_repair' : 'general_troubleshooting',
    impact,
    urgency,
    isEmergency: emergency,
  };
}

/**
 * Opens a ticket with its timeline, audit record, event and clocks (T1 or T2, and T5 from the report). Undefined
 * where another process opened one for the same fault first: the index is the backstop of the unit's lock.
 */
export async function openTicket(
  deps: TicketDeps,
  tx: Tx,
  ticket: NewTicket,
): Promise<TicketRow | undefined> {
  const { impact, urgency, isEmergency } = classify(ticket.faultFamily);
  const row = await tx
    .withTables<TicketTables>()
    .insertInto('ticket')
    .values({
      id: newId(),
      unit_id: ticket.unitId,
      device_id: ticket.deviceId,
      component: ticket.component,
      status: 'open',
      resolution: null,
      priority: priorityOf(impact, urgency),
      impact,
      urgency,
      category: ticket.category,
      source: ticket.source,
      fault_family: ticket.faultFamily,
      fault_code: ticket.faultCode,
      fault_key: ticket.faultKey,
      is_emergency: isEmergency,
      coverage: ticket.coverage,
      on_site: null,
      awaits_read_back: ticket.awaitsReadBack,
      summary: JSON.stringify(ticket.summary),
      assessed_by: null,
      opened_at: new Date(ticket.openedAtMs),
    })
    .onConflict((conflict) =>
      conflict
        .column('fault_key')
        .where(sql<boolean>`fault_key is not null and status not in ('closed', 'cancelled', 'merged')`)
        .doNothing(),
    )
    .returningAll()
    .executeTakeFirst();
  if (row !== undefined) await announce(deps, tx, { row, actor: ticket.actor });
  return row;
}

async function announce(
  { audit, outbox, clock }: TicketDeps,
  tx: Tx,
  { row, actor }: { readonly row: TicketRow; readonly actor: Actor },
): Promise<void> {
  await noteTicketEvent(tx, {
    ticketId: row.id,
    atMs: clock.nowMs(),
    action: 'open',
    from: null,
    to: 'open',
    actor,
    reason: null,
  });
  await audit.record(tx, {
    actor,
    action: 'ticket.open',
    entity: 'ticket',
    entityId: row.id,
    fields: {
      unitId: { to: row.unit_id },
      faultFamily: { to: row.fault_family },
      priority: { to: row.priority },
    },
  });
  await outbox.publish(tx, [
    {
      type: 'ticket.opened',
      data: {
        ticketId: row.id,
        unitId: row.unit_id,
        deviceId: row.device_id,
        priority: row.priority,
        source: row.source,
        faultFamily: row.fault_family,
      },
    },
  ]);
  const subject = { ticketId: row.id, workOrderId: null, startedAtMs: row.opened_at };
  await startClocks(tx, [
    { ...subject, kind: row.is_emergency ? 'T1' : 'T2' },
    { ...subject, kind: 'T5' },
  ]);
}
