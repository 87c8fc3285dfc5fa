import { sql } from 'kysely';
import type { CentreKind } from '#contracts/centres.ts';
import type { Shift } from '#contracts/people.ts';
import type { Db, Tx } from '#platform/db/db.ts';
import { type Availability, availability, createWallClock } from './core/shift.ts';
import type { ShiftExceptionRecord } from './tables.ts';

/** A technician, as dispatch looks at them for a skill at an instant. */
export interface RosterEntry {
  readonly technicianId: string;
  readonly name: string;
  readonly zone: string | null;
  readonly centre: {
    readonly id: string;
    readonly kind: CentreKind;
    readonly zones: readonly string[];
  } | null;
  readonly certificate: 'valid' | 'expired' | 'revoked' | 'unsigned' | 'none';
  /** When the skill lapses; null for never. */
  readonly skillUntilMs: number | null;
  /** An outsourced centre needs a certificate of its own for the skill. */
  readonly isCentreCertified: boolean;
  readonly availability: Availability;
}

export interface RosterQuery {
  readonly skill: string;
  readonly atMs: number;
  /** With those who never had a certificate for the skill. */
  readonly everybody: boolean;
  /** With those who work no more, or whose centre is closed. */
  readonly withInactive?: boolean;
  /** Only this one. */
  readonly technicianId?: string;
}

interface Row {
  readonly id: string;
  readonly name: string;
  readonly zone: string | null;
  readonly time_zone: string | null;
  readonly shifts: Shift[] | null;
  readonly shift_exceptions: ShiftExceptionRecord[];
  readonly is_on_call: boolean;
  readonly centre_id: string | null;
  readonly centre_kind: CentreKind | null;
  readonly centre_zones: string[] | null;
  readonly is_centre_certified: boolean | null;
  readonly certificate: RosterEntry['certificate'];
  readonly until: number | null;
}

/**
 * Technicians with what they hold for the skill, in order of entry: in one query, however many they are. Who is not
 * active and people of a centre that is closed are left out unless asked for.
 */
export async function dispatchRoster(
  db: Db | Tx,
  { skill, atMs, everybody, withInactive = false, technicianId }: RosterQuery,
): Promise<RosterEntry[]> {
  const at = new Date(atMs);
  const only = technicianId ?? null;
  const { rows } = await sql<Row>`
    with held as (
      select technician_id,
        case
          when bool_or(status = 'issued' and (valid_until is null or valid_until > ${at})) then 'valid'
          when bool_or(status = 'issued') then 'expired'
          when bool_or(status = 'prepared') then 'unsigned'
          else 'revoked'
        end as certificate,
        case when bool_or(status = 'issued' and valid_until is null) then null
          else max(valid_until) filter (where status = 'issued') end as until
      from certificate
      where skill = ${skill} and technician_id is not null
      group by technician_id
    ), certified as (
      select distinct centre_id from certificate
      where skill = ${skill} and centre_id is not null
        and status = 'issued' and (valid_until is null or valid_until > ${at})
    )
    select technician.id, technician.name, technician.zone,
      coalesce(technician.time_zone, centre.time_zone) as time_zone,
      technician.shifts, technician.shift_exceptions, technician.is_on_call,
      centre.id as centre_id, centre.kind as centre_kind, centre.zones as centre_zones,
      centre.kind = 'own' or certified.centre_id is not null as is_centre_certified,
      coalesce(held.certificate, 'none') as certificate, held.until
    from technician
      left join held on held.technician_id = technician.id
      left join centre on centre.id = technician.centre_id
      left join certified on certified.centre_id = technician.centre_id
    where ((technician.is_active and centre.is_active is not false) or ${withInactive})
      and (held.technician_id is not null or ${everybody})
      and (technician.id = ${only}::uuid or ${only}::uuid is null)
    order by technician.id`.execute(db);
  const wall = createWallClock(atMs);
  return rows.map((row) => ({
    technicianId: row.id,
    name: row.name,
    zone: row.zone,
    centre: centreOf(row),
    certificate: row.certificate,
    skillUntilMs: row.until,
    isCentreCertified: row.is_centre_certified ?? true,
    availability: availability(
      {
        shifts: row.shifts,
        timeZone: row.time_zone ?? 'UTC',
        exceptions: row.shift_exceptions,
        isOnCall: row.is_on_call,
      },
      wall,
      atMs,
    ),
  }));
}

function centreOf({ centre_id: id, centre_kind: kind, centre_zones: zones }: Row): RosterEntry['centre'] {
  return id === null || kind === null ? null : { id, kind, zones: zones ?? [] };
}
