import { sql } from 'kysely';
import type { Technician } from '#contracts/people.ts';
import { isoTime, isoTimeOrNull } from '#contracts/time.ts';
import type { Db, Tx } from '#platform/db/db.ts';
import type { PeopleTables, TechnicianRow } from './tables.ts';

interface HeldSkill {
  readonly technician_id: string | null;
  readonly skill: string;
  readonly until: number | null;
}

function toTechnician(row: TechnicianRow, skills: readonly HeldSkill[]): Technician {
  return {
    id: row.id,
    number: row.number,
    userId: row.user_id,
    name: row.name,
    phone: row.phone,
    zone: row.zone,
    isActive: row.is_active,
    centreId: row.centre_id,
    timeZone: row.time_zone,
    shifts: row.shifts,
    shiftExceptions: row.shift_exceptions.map(({ kind, fromMs, untilMs, note }) => ({
      kind,
      from: isoTime(fromMs),
      until: isoTime(untilMs),
      note,
    })),
    isOnCall: row.is_on_call,
    skills: skills
      .filter((skill) => skill.technician_id === row.id)
      .map(({ skill, until }) => ({ skill, validUntil: isoTimeOrNull(until) })),
    version: row.version,
    createdAt: isoTime(row.created_at),
  };
}

/** These technicians with their certified skills, in the order given. */
export async function withSkills(db: Db | Tx, rows: readonly TechnicianRow[]): Promise<Technician[]> {
  if (rows.length === 0) return [];
  const ids = rows.map((row) => row.id);
  const skills = await db
    .withTables<PeopleTables>()
    .selectFrom('certificate')
    .select(['technician_id', 'skill'])
    .select(
      sql<number | null>`case when bool_or(valid_until is null) then null else max(valid_until) end`.as(
        'until',
      ),
    )
    .where('technician_id', 'in', ids)
    .where('status', '=', 'issued')
    .groupBy(['technician_id', 'skill'])
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
