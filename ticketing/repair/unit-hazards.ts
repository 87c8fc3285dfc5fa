import { sql } from 'kysely';
import type { Tx } from '#platform/db/db.ts';
import { isInDanger } from '../tickets/index.ts';
import type { UnitHazards } from './core/may-start.ts';

/** What forbids any command to a unit now; the caller holds it. */
export async function hazardsOf(tx: Tx, unitId: string): Promise<UnitHazards> {
  const { rows } = await sql<UnitHazards>`
    select ${isInDanger(unitId)} as "isInDanger", exists (
      select from work_order
      where unit_id = ${unitId} and status in ('en_route', 'on_site', 'diagnosed', 'waiting_consent',
        'waiting_parts', 'repairing', 'tested')) as "isAttended"`.execute(tx);
  const [hazards = { isInDanger: true, isAttended: true }] = rows;
  return hazards;
}
