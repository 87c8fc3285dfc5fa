import { sql } from 'kysely';
import type { Technician } from '#contracts/people.ts';
import { isoTime, isoTimeOrNull } from '#contracts/time.ts';
import type { Db, Tx } from '#platform/db/db.ts';
import type { PeopleTables, SkillRow, TechnicianRow } from './tables.ts';

function toTechnician(row: TechnicianRow, skills: readonly SkillRow[]): Technician {
  return {
    id: row.id,
    number: row.number,
    userId: row.user_id,
    name: row.name,
    phone: row.phone,
    zone: row.zone,
    isActive: row.is_active,
    skills: skills
      .filter((skill) => skill.technician_id === row.id)
      .map(({ skill, valid_until }) => ({ skill, validUntil: isoTimeOrNull(valid_until) })),
    version: row.version,
    createdAt: isoTime(row.created_at),
  };
}

/** These technicians with their skills, in the order given. */
export async function withSkills(db: Db | Tx, rows: readonly TechnicianRow[]): Promise<Technician[]> {
  if (rows.length === 0) return [];
  const ids = rows.map((row) => row.id);
  const skills = await db
    .withTables<PeopleTables>()
    .selectFrom('technician_skill')
    .selectAll()
    .where('technician_id', 'in', ids)
    .orderBy('skill')
    .execute();
  return rows.map((row) => toTechnician(row, skills));
}

export async function findTechnician(db: Db | Tx, id: string): Promise<Technician | undefined> {
  const rows = await db
    .withTables<PeopleTables>()
    .selectFrom('technician')
    .selectAll()
    .where('id', '=', id)
    .execute();
  return (await withSkills(db, rows))[0];
}

/**
 * Who may be sent at `atMs` to a job that asks for `skill`: active, and holding exactly that skill, not
 * expired. In order of entry; who of them is best is for dispatch to say.
 */
export async function listDispatchable(
  db: Db | Tx,
  { skill, atMs }: { readonly skill: string; readonly atMs: number },
): Promise<Technician[]> {
  const rows = await db
    .withTables<PeopleTables>()
    .selectFrom('technician')
    .innerJoin('technician_skill', 'technician_skill.technician_id', 'technician.id')
    .selectAll('technician')
    .where('technician.is_active', '=', true)
    .where('technician_skill.skill', '=', skill)
    .where(sql<boolean>`(valid_until is null or valid_until > ${new Date(atMs)})`)
    .orderBy('technician.id')
    .execute();
  return withSkills(db, rows);
}
