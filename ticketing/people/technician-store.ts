import { sql } from 'kysely';
import type { CentreMembership } from '#contracts/centres.ts';
import type { NewTechnician, Technician, TechnicianChange } from '#contracts/people.ts';
import type { Audit } from '#platform/audit/audit.ts';
import { changedFields, newFields } from '#platform/audit/changed-fields.ts';
import { type Actor, partnerCentreId } from '#platform/auth/actor.ts';
import type { Clock } from '#platform/clock.ts';
import { type Db, sqlState, type Tx, UNIQUE_VIOLATION } from '#platform/db/db.ts';
import { invalidField, notFound } from '#platform/errors.ts';
import { decodeRecordCursor, type PageOf, type PageQueryOf, pageOf } from '#platform/http/page.ts';
import { newId } from '#platform/ids.ts';
import { findCentre } from '../centres/index.ts';
import { skillList, writeSkills } from './attested-skills.ts';
import { withSkills } from './records.ts';
import { requireRoster, rosterColumns, shownExceptions } from './roster-fields.ts';
import type { PeopleTables } from './tables.ts';

/**
 * Says on the user's account which technician signs in with it (null: none any more) and for which centre they
 * work, in the caller's transaction. False when there is no such user.
 */
export type SetTechnicianOfUser = (
  tx: Tx,
  link: {
    readonly userId: string;
    readonly technicianId: string | null;
    /** Undefined: stays as it is, so that whoever worked for a partner sees no more than before. */
    readonly centre?: CentreMembership | null;
  },
) => Promise<boolean>;

/** Takes work back from a technician or a centre that has lost a skill, in the caller's transaction. */
export type ReleaseUncertified = (
  tx: Tx,
  lost: {
    readonly technicianId: string | null;
    readonly centreId: string | null;
    readonly skill: string;
  },
) => Promise<void>;

export interface PeopleDeps {
  readonly audit: Audit;
  readonly clock: Clock;
  readonly releaseUncertified: ReleaseUncertified;
  readonly setTechnicianOfUser: SetTechnicianOfUser;
}

const PERSONAL = ['name', 'phone'];

export interface TechnicianQuery extends PageQueryOf {
  readonly skill?: string;
  readonly zone?: string;
  readonly isActive?: boolean;
  readonly centreId?: string;
}

/** Technicians, the newest first; a partner's people see their own. */
export async function listTechnicians(
  db: Db,
  actor: Actor,
  query: TechnicianQuery,
): Promise<PageOf<Technician>> {
  const { limit = 50, skill, zone, isActive, centreId } = query;
  const partner = partnerCentreId(actor);
  const after = decodeRecordCursor(query.cursor);
  let select = db.withTables<PeopleTables>().selectFrom('technician').selectAll();
  if (after !== undefined) select = select.where('id', '<', after);
  if (zone !== undefined) select = select.where('zone', '=', zone);
  if (isActive !== undefined) select = select.where('is_active', '=', isActive);
  if (centreId !== undefined) select = select.where('centre_id', '=', centreId);
  if (partner !== null) select = select.where('centre_id', '=', partner);
  if (skill !== undefined) {
    select = select.where(
      sql<boolean>`exists (select from certificate
        where technician_id = technician.id and skill = ${skill} and status = 'issued')`,
    );
  }
  const rows = await select
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute();
  const technicians = await withSkills(db, rows);
  return pageOf(technicians, limit, (technician) => technician);
}

export async function addTechnician(
  deps: PeopleDeps,
  tx: Tx,
  { actor, technician }: { readonly actor: Actor; readonly technician: NewTechnician },
): Promise<Technician> {
  const { audit, clock } = deps;
  const { name, phone, zone, userId, skills } = technician;
  const listed = skillList(skills);
  await requireRoster(tx, technician);
  const id = newId();
  await tx
    .withTables<PeopleTables>()
    .insertInto('technician')
    .values({
      id,
      name,
      phone,
      zone: zone ?? null,
      user_id: userId ?? null,
      ...rosterColumns(technician),
      created_at: new Date(clock.nowMs()),
    })
    .execute()
    .catch((error: unknown) => {
      throw userTaken(error, userId) ?? error;
    });
  await linkUser(deps, tx, {
    technicianId: id,
    from: null,
    to: userId ?? null,
    centreId: technician.centreId,
  });
  await writeSkills(deps, tx, { actor, technicianId: id, wanted: listed });
  const { centreId, timeZone, shifts, isOnCall } = technician;
  const fields = newFields({
    name,
    phone,
    zone,
    userId,
    skills: listed,
    centreId,
    timeZone,
    shifts,
    isOnCall,
  });
  await audit.record(tx, {
    actor,
    action: 'technician.created',
    entity: 'technician',
    entityId: id,
    fields,
    personal: PERSONAL,
  });
  return lockTechnician(tx, id);
}

/** Holds the technician until the transaction ends; 404 when there is none. */
export async function lockTechnician(tx: Tx, id: string): Promise<Technician> {
  const rows = await tx
    .withTables<PeopleTables>()
    .selectFrom('technician')
    .selectAll()
    .where('id', '=', id)
    .forNoKeyUpdate()
    .execute();
  const [technician] = await withSkills(tx, rows);
  if (technician === undefined) throw notFound('technician', id);
  return technician;
}

/** What changes is audited by field, the telephone number too (requirement D12). */
export async function changeTechnician(
  deps: PeopleDeps,
  tx: Tx,
  edit: { readonly actor: Actor; readonly current: Technician; readonly change: TechnicianChange },
): Promise<Technician> {
  const { actor, current } = edit;
  const { skills: given, ...change } = edit.change;
  const skills = given && skillList(given);
  const shiftExceptions = change.shiftExceptions && shownExceptions(change.shiftExceptions);
  const fields = changedFields(current, { ...change, shiftExceptions, skills });
  if (Object.keys(fields).length === 0) return current;
  await requireRoster(tx, change, current);
  await tx
    .withTables<PeopleTables>()
    .updateTable('technician')
    .set({
      ...(change.name !== undefined && { name: change.name }),
      ...(change.phone !== undefined && { phone: change.phone }),
      ...(change.zone !== undefined && { zone: change.zone }),
      ...(change.userId !== undefined && { user_id: change.userId }),
      ...(change.isActive !== undefined && { is_active: change.isActive }),
      ...rosterColumns(change),
      version: current.version + 1,
    })
    .where('id', '=', current.id)
    .execute()
    .catch((error: unknown) => {
      throw userTaken(error, change.userId) ?? error;
    });
  const { userId: to = current.userId, centreId = current.centreId } = change;
  if (to !== current.userId || centreId !== current.centreId) {
    await linkUser(deps, tx, { technicianId: current.id, from: current.userId, to, centreId });
  }
  if (skills) await writeSkills(deps, tx, { actor, technicianId: current.id, wanted: skills });
  await deps.audit.record(tx, {
    actor,
    action: 'technician.changed',
    entity: 'technician',
    entityId: current.id,
    fields,
    personal: PERSONAL,
  });
  return lockTechnician(tx, current.id);
}

interface UserLink {
  readonly technicianId: string;
  readonly from: string | null;
  readonly to: string | null;
  readonly centreId: string | null | undefined;
}

/** The account follows its technician: who they are, and for which centre they work. */
async function linkUser(
  { setTechnicianOfUser }: PeopleDeps,
  tx: Tx,
  { technicianId, from, to, centreId = null }: UserLink,
): Promise<void> {
  if (from !== null && from !== to) {
    await setTechnicianOfUser(tx, { userId: from, technicianId: null });
  }
  if (to === null) return;
  const found = centreId === null ? undefined : await findCentre(tx, centreId);
  const centre = found === undefined ? null : { id: found.id, kind: found.kind };
  if (await setTechnicianOfUser(tx, { userId: to, technicianId, centre })) return;
  throw invalidField('PEOPLE_USER_UNKNOWN', 'userId', `no user ${to}`);
}

function userTaken(error: unknown, userId: string | null | undefined) {
  if (sqlState(error) !== UNIQUE_VIOLATION || typeof userId !== 'string') return undefined;
  return invalidField('PEOPLE_USER_TAKEN', 'userId', 'this user is another technician already');
}
