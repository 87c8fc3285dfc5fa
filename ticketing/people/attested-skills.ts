import { SKILLS } from '#contracts/faults.ts';
import type { SkillInput, Technician } from '#contracts/people.ts';
import { instantMs, isoTime } from '#contracts/time.ts';
import { type Actor, actorId, holdsPermission } from '#platform/auth/actor.ts';
import type { Clock } from '#platform/clock.ts';
import type { Tx } from '#platform/db/db.ts';
import { invalidField } from '#platform/errors.ts';
import { newId } from '#platform/ids.ts';
import type { CertificateRow, PeopleTables } from './tables.ts';
import type { ReleaseUncertified } from './technician-store.ts';

/** 422 for a skill that no fault asks for. */
export function requireSkill(field: string, skill: string): void {
  if (SKILLS.includes(skill)) return;
  throw invalidField('PEOPLE_SKILL_UNKNOWN', field, `${skill} is not one of ${SKILLS.join(', ')}`);
}

/** The list as it is stored and answered: by name, each once. */
export function skillList(given: readonly SkillInput[]): Technician['skills'] {
  const byName = new Map<string, string | null>();
  for (const entry of given) {
    const { skill, validUntil = null } = typeof entry === 'string' ? { skill: entry } : entry;
    requireSkill('skills', skill);
    byName.set(skill, validUntil === null ? null : isoTime(instantMs(validUntil)));
  }
  return [...byName]
    .map(([skill, validUntil]) => ({ skill, validUntil }))
    .sort((one, other) => (one.skill < other.skill ? -1 : 1));
}

interface SkillsEntry {
  readonly actor: Actor;
  readonly technicianId: string;
  readonly wanted: Technician['skills'];
}

/**
 * Makes the technician's certificates say what the list says. Whoever may sign certificates attests new skills
 * with it; from anybody else they are prepared and wait for that signature. Orders that need a skill which is gone go
 * back.
 */
export async function writeSkills(
  { clock, releaseUncertified }: { readonly clock: Clock; readonly releaseUncertified: ReleaseUncertified },
  tx: Tx,
  { actor, technicianId, wanted }: SkillsEntry,
): Promise<void> {
  const now = new Date(clock.nowMs());
  const tables = tx.withTables<PeopleTables>();
  const live = await tables
    .selectFrom('certificate')
    .selectAll()
    .where('technician_id', '=', technicianId)
    .where('status', '<>', 'revoked')
    .execute();
  const gone = live.filter((one) => !wanted.some((each) => isSame(one, each)));
  if (gone.length > 0) {
    await tables
      .updateTable('certificate')
      .set({ status: 'revoked', revoked_at: now, revoked_because: 'not in the list of skills any more' })
      .where(
        'id',
        'in',
        gone.map(({ id }) => id),
      )
      .execute();
  }
  const fresh = wanted.filter((each) => !live.some((one) => isSame(one, each)));
  if (fresh.length > 0) await attest({ clock }, tx, { actor, technicianId, wanted: fresh });
  for (const skill of new Set(gone.map((one) => one.skill))) {
    await releaseUncertified(tx, { technicianId, centreId: null, skill });
  }
}

async function attest(
  { clock }: { readonly clock: Clock },
  tx: Tx,
  { actor, technicianId, wanted }: SkillsEntry,
): Promise<void> {
  const now = new Date(clock.nowMs());
  const by = actorId(actor);
  const maySign = holdsPermission(actor, 'certificates:sign');
  await tx
    .withTables<PeopleTables>()
    .insertInto('certificate')
    .values(
      wanted.map(({ skill, validUntil }) => ({
        id: newId(),
        technician_id: technicianId,
        centre_id: null,
        skill,
        basis: maySign ? ('attested' as const) : ('examined' as const),
        document_number: null,
        issuer: by,
        status: maySign ? ('issued' as const) : ('prepared' as const),
        prepared_by: by,
        prepared_at: now,
        signed_by: maySign ? by : null,
        issued_at: maySign ? now : null,
        valid_until: validUntil === null ? null : new Date(validUntil),
        revoked_because: null,
      })),
    )
    .execute();
}

function isSame(row: CertificateRow, { skill, validUntil }: Technician['skills'][number]): boolean {
  return row.skill === skill && row.valid_until === (validUntil === null ? null : Date.parse(validUntil));
}
