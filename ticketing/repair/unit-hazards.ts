import { type Expression, type RawBuilder, type SqlBool, sql } from 'kysely';
import type { Tx } from '#platform/db/db.ts';
import { isInDanger } from '../tickets/index.ts';
import { lockUnits } from '../units/index.ts';
import type { UnitHazards } from './core/may-start.ts';

const ATTENDED = [
  'en_route',
  'on_site',
  'diagnosed',
  'waiting_consent',
  'waiting_parts',
  'repairing',
  'tested',
] as const;

/** Whether somebody works at the unit or is on the way. */
export function isAttended(unitId: string | Expression<string>): RawBuilder<SqlBool> {
  return sql<SqlBool>`exists (
    select from work_order where work_order.unit_id = ${unitId} and work_order.status = any(${ATTENDED}::text[]))`;
}

export function isInService(unitId: string | Expression<string>): RawBuilder<SqlBool> {
  return sql<SqlBool>`exists (select from unit where unit.id = ${unitId} and unit.status = 'in_service')`;
}

/** What forbids any command to a unit now; the caller holds it. */
export async function hazardsOf(tx: Tx, unitId: string): Promise<UnitHazards> {
  const { rows } = await sql<UnitHazards>`
    select ${isInDanger(unitId)} as "isInDanger", ${isAttended(unitId)} as "isAttended",
      ${isInService(unitId)} as "isInService"`.execute(tx);
  const [hazards = { isInDanger: true, isAttended: true, isInService: false }] = rows;
  return hazards;
}

/** The same for a caller that does not hold the unit: it does then. */
export async function holdHazardsOf(tx: Tx, unitId: string): Promise<UnitHazards> {
  await lockUnits(tx, [unitId]);
  return hazardsOf(tx, unitId);
}
