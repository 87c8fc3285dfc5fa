import { sql } from 'kysely';
import { SKILLS } from '#contracts/faults.ts';
import type { NewTechnician, SkillInput, Technician, TechnicianChange } from '#contracts/people.ts';
import { instantMs, isoTime } from '#contracts/time.ts';
import type { Audit } from '#platform/audit/audit.ts';
import { changedFields, newFields } from '#platform/audit/changed-fields.ts';
import type { Actor } from '#platform/auth/actor.ts';
import type { Clock } from '#platform/clock.ts';
import { type Db, sqlState, type Tx, UNIQUE_VIOLATION } from '#platform/db/db.ts';
import { invalidField, notFound } from '#platform/errors.ts';
import { decodeRecordCursor, type PageOf, type PageQueryOf, pageOf } from '#platform/http/page.ts';
import { newId } from '#platform/ids.ts';
import { withSkills } from './records.ts';
import type { PeopleTables } from './tables.ts';

/**
 * Says on the user's account which technician signs in with it (null: none any more), in the caller's
 * transaction. False when there is no such user.
 */
export type SetTechnicianOfUser = (
  tx: Tx,
  link: { readonly userId: string; readonly technicianId: string | null },
) => Promise<boolean>;

export interface PeopleDeps {
  readonly audit: Audit;
  readonly clock: Clock;
  readonly setTechnicianOfUser: SetTechnicianOfUser;
}

const PERSONAL = ['name', 'phone'];

export interface TechnicianQuery extends PageQueryOf {
  readonly skill?: string;
  readonly zone?: string;
  readonly isActive?: boolean;
}

/** Technicians, the newest first. */
export async function listTechnicians(db: Db, query: TechnicianQuery): Promise<PageOf<Technician>> {
  const { limit = 50, skill, zone, isActive } = query;
  const after = decodeRecordCursor(query.cursor);
  let select = db.withTables<PeopleTables>().selectFrom('technician').selectAll();
  if (after !== undefined) select = select.where('id', '<', after);
  if (zone !== undefined) select = select.where('zone', '=', zone);
  if (isActive !== undefined) select = select.where('is_active', '=', isActive);
  if (skill !== undefined) {
    select = select.where(
      sql<boolean>`exists (select from technician_skill where technician_id = id and skill = ${skill})`,
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
  { audit, clock, setTechnicianOfUser }: PeopleDeps,
  tx: Tx,
  { actor, technician }: { readonly actor: Actor; readonly technician: NewTechnician },
): Promise<Technician> {
  const { name, phone, zone, userId, skills } = technician;
  const listed = skillList(skills);
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
      created_at: new Date(clock.nowMs()),
    })
    .execute()
    .catch((error: unknown) => {
      throw userTaken(error, userId) ?? error;
    });
  await linkUser(setTechnicianOfUser, tx, { from: null, to: userId, technicianId: id });
  await writeSkills(tx, id, listed);
  const fields = newFields({ name, phone, zone, userId, skills: listed });
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
    .forUpdate()
    .execute();
  const [technician] = await withSkills(tx, rows);
  if (technician === undefined) throw notFound('technician', id);
  return technician;
}

/** What changes is audited by field, the telephone number too (requirement D12). */
export async function changeTechnician(
  { audit, setTechnicianOfUser }: PeopleDeps,
  tx: Tx,
  edit: { readonly actor: Actor; readonly current: Technician; readonly change: TechnicianChange },
): Promise<Technician> {
  const { actor, current } = edit;
  const { skills: given, ...change } = edit.change;
  const skills = given && skillList(given);
  const fields = changedFields(current, { ...change, skills });
  if (Object.keys(fields).length === 0) return current;
  await tx
    .withTables<PeopleTables>()
    .updateTable('technician')
    .set({
      ...(change.name !== undefined && { name: change.name }),
      ...(change.phone !== undefined && { phone: change.phone }),
      ...(change.zone !== undefined && { zone: change.zone }),
      ...(change.userId !== undefined && { user_id: change.userId }),
      ...(change.isActive !== undefined && { is_active: change.isActive }),
      version: current.version + 1,
    })
    .where('id', '=', current.id)
    .execute()
    .catch((error: unknown) => {
      throw userTaken(error, change.userId) ?? error;
    });
  const link = { from: current.userId, to: change.userId, technicianId: current.id };
  await linkUser(setTechnicianOfUser, tx, link);
  if (skills) await writeSkills(tx, current.id, skills);
  await audit.record(tx, {
    actor,
    action: 'technician.changed',
    entity: 'technician',
    entityId: current.id,
    fields,
    personal: PERSONAL,
  });
  return lockTechnician(tx, current.id);
}

/** The list as it is stored and answered: by name, each once. 422 for a skill that no fault asks for. */
function skillList(given: readonly SkillInput[]): Technician['skills'] {
  const byName = new Map<string, string | null>();
  for (const entry of given) {
    const { skill, validUntil = null } = typeof entry === 'string' ? { skill: entry } : entry;
    if (!SKILLS.includes(skill)) {
      throw invalidField('PEOPLE_SKILL_UNKNOWN', 'skills', `${skill} is not one of ${SKILLS.join(', ')}`);
    }
    byName.set(skill, validUntil === null ? null : isoTime(instantMs(validUntil)));
  }
  return [...byName]
    .map(([skill, validUntil]) => ({ skill, validUntil }))
    .sort((one, other) => (one.skill < other.skill ? -1 : 1));
}

async function writeSkills(tx: Tx, technicianId: string, skills: Technician['skills']): Promise<void> {
  const tables = tx.withTables<PeopleTables>();
  await tables.deleteFrom('technician_skill').where('technician_id', '=', technicianId).execute();
  if (skills.length === 0) return;
  await tables
    .insertInto('technician_skill')
    .values(
      skills.map(({ skill, validUntil }) => ({
        technician_id: technicianId,
        skill,
        valid_until: validUntil === null ? null : new Date(validUntil),
      })),
    )
    .execute();
}

interface UserLink {
  readonly from: string | null;
  /** Undefined: stays as it is. */
  readonly to: string | null | undefined;
  readonly technicianId: string;
}

async function linkUser(
  setTechnicianOfUser: SetTechnicianOfUser,
  tx: Tx,
  { from, to, technicianId }: UserLink,
): Promise<void> {
  if (to === undefined || to === from) return;
  if (from !== null) await setTechnicianOfUser(tx, { userId: from, technicianId: null });
  if (to === null || (await setTechnicianOfUser(tx, { userId: to, technicianId }))) return;
  throw invalidField('PEOPLE_USER_UNKNOWN', 'userId', `no user ${to}`);
}

function userTaken(error: unknown, userId: string | null | undefined) {
  if (sqlState(error) !== UNIQUE_VIOLATION || typeof userId !== 'string') return undefined;
  return invalidField('PEOPLE_USER_TAKEN', 'userId', 'this user is another technician already');
}
