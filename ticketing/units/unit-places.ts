import { sql } from 'kysely';
import type { Db, Tx } from '#platform/db/db.ts';

/** Where a unit stands, as far as the register knows. */
export interface UnitPlace {
  readonly zone: string | null;
  readonly latitude: number | null;
  readonly longitude: number | null;
}

/** The places of these units, in one query; a unit without a site is not in the answer. */
export async function placesOfUnits(
  db: Db | Tx,
  unitIds: readonly string[],
): Promise<ReadonlyMap<string, UnitPlace>> {
  if (unitIds.length === 0) return new Map();
  const { rows } = await sql<UnitPlace & { id: string }>`
    select unit.id, site.zone, site.latitude, site.longitude
    from unit join site on site.id = unit.site_id
    where unit.id = any(${[...unitIds]}::uuid[])`.execute(db);
  return new Map(rows.map(({ id, ...place }) => [id, place]));
}
