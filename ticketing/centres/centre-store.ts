import { sql } from 'kysely';
import type { Centre, CentreChange, CentreMembership, NewCentre } from '#contracts/centres.ts';
import { isoTime, isTimeZone } from '#contracts/time.ts';
import type { Audit } from '#platform/audit/audit.ts';
import { changedFields, newFields } from '#platform/audit/changed-fields.ts';
import { type Actor, actorId, partnerCentreId } from '#platform/auth/actor.ts';
import type { Clock } from '#platform/clock.ts';
import type { Db, Tx } from '#platform/db/db.ts';
import { AftercareError, invalidField, notFound } from '#platform/errors.ts';
import { decodeRecordCursor, type PageOf, type PageQueryOf, pageOf } from '#platform/http/page.ts';
import { newId } from '#platform/ids.ts';
import type { CentreRow, CentreTables } from './tables.ts';

/**
 * Says on a user's account which centre they work for (null: the head office), in the caller's transaction. False
 * when there is no such user. What a partner's people may see hangs on it.
 */
export type SetCentreOfUser = (
  tx: Tx,
  member: { readonly userId: string; readonly centre: CentreMembership | null },
) => Promise<boolean>;

export interface CentreDeps {
  readonly db: Db;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly setCentreOfUser: SetCentreOfUser;
}

/** Centres, the newest first; a partner's people see their own. */
export async function listCentres(db: Db, actor: Actor, query: PageQueryOf): Promise<PageOf<Centre>> {
  const { limit = 50 } = query;
  const after = decodeRecordCursor(query.cursor);
  const own = partnerCentreId(actor);
  let select = db.withTables<CentreTables>().selectFrom('centre').selectAll();
  if (after !== undefined) select = select.where('id', '<', after);
  if (own !== null) select = select.where('id', '=', own);
  const rows = await select
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute();
  return pageOf(rows, limit, toCentre);
}

export async function findCentre(db: Db | Tx, id: string): Promise<Centre | undefined> {
  const row = await db
    .withTables<CentreTables>()
    .selectFrom('centre')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst();
  return row === undefined ? undefined : toCentre(row);
}

export async function addCentre(
  { audit, clock }: CentreDeps,
  tx: Tx,
  { actor, centre }: { readonly actor: Actor; readonly centre: NewCentre },
): Promise<Centre> {
  const { name, kind, parentId = null, zones = [], timeZone } = centre;
  requireTimeZone(timeZone);
  await requireParent(tx, { id: null, parentId });
  const row = await tx
    .withTables<CentreTables>()
    .insertInto('centre')
    .values({
      id: newId(),
      name,
      kind,
      parent_id: parentId,
      zones,
      time_zone: timeZone,
      created_at: new Date(clock.nowMs()),
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  await audit.record(tx, {
    actor,
    action: 'centre.created',
    entity: 'centre',
    entityId: row.id,
    fields: newFields({ name, kind, parentId, zones, timeZone }),
  });
  return toCentre(row);
}

/** Holds the centre until the transaction ends; 404 when there is none. */
export async function lockCentre(tx: Tx, id: string): Promise<Centre> {
  const row = await tx
    .withTables<CentreTables>()
    .selectFrom('centre')
    .selectAll()
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) throw notFound('centre', id);
  return toCentre(row);
}

export async function changeCentre(
  { audit }: CentreDeps,
  tx: Tx,
  edit: { readonly actor: Actor; readonly current: Centre; readonly change: CentreChange },
): Promise<Centre> {
  const { actor, current, change } = edit;
  const fields = changedFields(current, change);
  if (Object.keys(fields).length === 0) return current;
  if (change.timeZone !== undefined) requireTimeZone(change.timeZone);
  await requireParent(tx, { id: current.id, parentId: change.parentId ?? null });
  const row = await tx
    .withTables<CentreTables>()
    .updateTable('centre')
    .set({
      ...(change.name !== undefined && { name: change.name }),
      ...(change.parentId !== undefined && { parent_id: change.parentId }),
      ...(change.zones !== undefined && { zones: change.zones }),
      ...(change.timeZone !== undefined && { time_zone: change.timeZone }),
      ...(change.isActive !== undefined && { is_active: change.isActive }),
      version: current.version + 1,
    })
    .where('id', '=', current.id)
    .returningAll()
    .executeTakeFirstOrThrow();
  await audit.record(tx, {
    actor,
    action: 'centre.changed',
    entity: 'centre',
    entityId: current.id,
    fields,
  });
  return toCentre(row);
}

/**
 * Puts a user into a centre, or back to the head office. Nobody puts themselves into a partner's: they could not
 * undo it, and the last of the management would be locked out.
 */
export async function setMember(
  { audit, setCentreOfUser }: CentreDeps,
  tx: Tx,
  {
    actor,
    userId,
    centre,
  }: { readonly actor: Actor; readonly userId: string; readonly centre: Centre | null },
): Promise<void> {
  if (centre?.kind === 'outsourced' && actorId(actor) === userId.toLowerCase()) {
    throw new AftercareError('CENTRE_OWN_ACCOUNT', 'somebody else has to put you into an outsourced centre', {
      kind: 'conflict',
    });
  }
  const membership = centre === null ? null : { id: centre.id, kind: centre.kind };
  if (!(await setCentreOfUser(tx, { userId, centre: membership }))) {
    throw invalidField('CENTRE_USER_UNKNOWN', 'userId', `no user ${userId}`);
  }
  await audit.record(tx, {
    actor,
    action: 'user.centre',
    entity: 'user',
    entityId: userId,
    fields: { centreId: { to: centre?.id ?? null } },
  });
}

/** 422 for a parent that does not exist, or that lies below the centre itself. */
async function requireParent(
  tx: Tx,
  { id, parentId }: { readonly id: string | null; readonly parentId: string | null },
): Promise<void> {
  if (parentId === null) return;
  const { rows } = await sql<{ id: string }>`
    with recursive above as (
      select id, parent_id from centre where id = ${parentId}
      union select centre.id, centre.parent_id from centre join above on centre.id = above.parent_id
    ) select id from above`.execute(tx);
  if (rows.length === 0) throw invalidField('CENTRE_PARENT_UNKNOWN', 'parentId', `no centre ${parentId}`);
  if (rows.some((row) => row.id === id)) {
    throw invalidField('CENTRE_PARENT_CIRCULAR', 'parentId', 'lies below this centre itself');
  }
}

function requireTimeZone(timeZone: string): void {
  if (isTimeZone(timeZone)) return;
  throw invalidField('CENTRE_TIME_ZONE_UNKNOWN', 'timeZone', `${timeZone} is no IANA time zone`);
}

function toCentre(row: CentreRow): Centre {
  return {
    id: row.id,
    number: row.number,
    name: row.name,
    kind: row.kind,
    parentId: row.parent_id,
    zones: row.zones,
    timeZone: row.time_zone,
    isActive: row.is_active,
    version: row.version,
    createdAt: isoTime(row.created_at),
  };
}
