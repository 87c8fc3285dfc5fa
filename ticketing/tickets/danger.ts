import { type Expression, type RawBuilder, type SqlBool, sql } from 'kysely';
import { FAULT_FAMILIES } from '#contracts/faults.ts';

const SAFETY_FAMILIES = [...FAULT_FAMILIES.values()].filter(({ isSafety }) => isSafety).map(({ id }) => id);

/**
 * Whether a unit has a fault that may hurt somebody: a ticket of a safety family is unfinished, or, whatever became
 * of the ticket, an alarm of it stands. Holds against new ones while the caller holds the unit.
 */
export function isInDanger(unitId: string | Expression<string>): RawBuilder<SqlBool> {
  return sql<SqlBool>`exists (
    select from ticket
    where ticket.unit_id = ${unitId} and ticket.fault_family = any(${SAFETY_FAMILIES}::text[])
      and (ticket.status in ('open', 'assessed', 'in_progress') or exists (
        select from ticket_report
        where ticket_id = ticket.id and kind = 'alarm' and ticket_report.cleared_at is null)))`;
}
