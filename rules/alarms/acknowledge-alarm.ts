import type { Alarm } from '#contracts/alarms.ts';
import type { Audit } from '#platform/audit/audit.ts';
import { type Actor, actorId } from '#platform/auth/actor.ts';
import type { Db } from '#platform/db/db.ts';
import { AftercareError, notFound } from '#platform/errors.ts';
import type { AlarmWriter } from './alarm-writer.ts';
import { readAlarm, type TicketsOfAlarms } from './list-alarms.ts';
import type { AlarmRow, AlarmTables } from './tables.ts';

export interface AlarmRouteDeps {
  readonly db: Db;
  readonly audit: Audit;
  readonly writer: Pick<AlarmWriter, 'changed'>;
  readonly ticketsOfAlarms: TicketsOfAlarms;
  /** Enters an acknowledgement into the durable log, so that the engine sees it, and a replay too. */
  readonly acknowledgeAlarm: (alarmKey: string) => void;
}

/** How long the answer waits for the engine, which follows within milliseconds. */
const ANSWER_WITHIN_MS = 1_000;

/**
 * Notes who acknowledges and tells the engine, which moves the alarm: the answer shows the move unless the log
 * or the database is late. 409 ALARMS_NOT_ACKNOWLEDGEABLE for an alarm that was acknowledged or has ended.
 */
export async function acknowledgeAlarm(
  deps: AlarmRouteDeps,
  { id, actor }: { readonly id: string; readonly actor: Actor },
): Promise<Alarm> {
  const row = await noteAcknowledgement(deps, id, actor);
  const changed = deps.writer.changed(row.occurrence, AbortSignal.timeout(ANSWER_WITHIN_MS));
  deps.acknowledgeAlarm(row.key);
  await changed;
  return readAlarm(deps, id);
}

function noteAcknowledgement({ db, audit }: AlarmRouteDeps, id: string, actor: Actor): Promise<AlarmRow> {
  return db.transaction().execute(async (tx) => {
    const alarms = tx.withTables<AlarmTables>();
    const row = await alarms
      .selectFrom('alarm')
      .selectAll()
      .where('id', '=', id)
      .forUpdate()
      .executeTakeFirst();
    if (row === undefined) throw notFound('alarm', id);
    if (row.state !== 'unacknowledged' && row.state !== 'returned') throw notAcknowledgeable(row);
    if (row.acknowledged_by !== null) return row;
    const by = actorId(actor);
    await alarms.updateTable('alarm').set({ acknowledged_by: by }).where('id', '=', id).execute();
    await audit.record(tx, {
      actor,
      action: 'alarm.acknowledge',
      entity: 'alarm',
      entityId: id,
      fields: { acknowledgedBy: { from: null, to: by } },
    });
    return row;
  });
}

function notAcknowledgeable({ id, state }: AlarmRow): AftercareError {
  const what = state === 'normal' ? 'has ended' : `is ${state}`;
  return new AftercareError('ALARMS_NOT_ACKNOWLEDGEABLE', `alarm ${id} ${what}: nothing to acknowledge`, {
    kind: 'conflict',
    allowed: [],
  });
}
