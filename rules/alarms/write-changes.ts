import { sql } from 'kysely';
import type { Db, Tx } from '#platform/db/db.ts';
import { newId } from '#platform/ids.ts';
import type { NewEvent, Outbox } from '#platform/outbox/outbox.ts';
import { type AlarmChange, STAGE } from './alarm-change.ts';

/** What became of a batch: occurrences that were new, and how many changes found no alarm or an older state. */
export interface WrittenChanges {
  readonly raised: readonly AlarmChange[];
  readonly ignored: number;
}

/** Writes changes with their events in one transaction. Writing them again changes and tells nothing. */
export async function writeChanges(
  { db, outbox }: { readonly db: Db; readonly outbox: Outbox },
  changes: readonly AlarmChange[],
): Promise<WrittenChanges> {
  const written = await db.transaction().execute(async (tx) => {
    const inserted = await insertRaised(tx, changes);
    const rest = changes.filter(({ occurrence }) => !inserted.has(occurrence));
    const updated = await updateKnown(tx, rest);
    const events = changes.flatMap((change) => {
      const id = inserted.get(change.occurrence);
      if (id !== undefined) return eventsOfNew(change, id);
      const row = updated.get(change.occurrence);
      return row === undefined ? [] : eventsOfKnown(row, change);
    });
    await outbox.publish(tx, events);
    return {
      raised: changes.filter(({ occurrence }) => inserted.has(occurrence)),
      ignored: rest.length - updated.size,
    };
  });
  outbox.wake();
  return written;
}

const timeOf = (ms: number | null) => (ms === null ? null : new Date(ms));

async function insertRaised(tx: Tx, changes: readonly AlarmChange[]): Promise<Map<string, string>> {
  const rows = changes.flatMap(({ raised, ...change }) =>
    raised === null
      ? []
      : [
          {
            id: newId(),
            occurrence: change.occurrence,
            key: raised.key,
            rule_id: raised.ruleId,
            rule_version: raised.ruleVersion,
            device_id: raised.deviceId,
            unit_id: raised.unitId,
            component: raised.component,
            severity: raised.severity,
            state: change.state,
            fault_family: raised.faultFamily,
            fault_code: raised.faultCode,
            title: raised.title,
            reason: change.reason,
            action: raised.action,
            raised_at: new Date(raised.raisedAtMs),
            returned_at: timeOf(change.returnedAtMs),
            acknowledged_at: timeOf(change.acknowledgedAtMs),
            ended_at: timeOf(change.endedAtMs),
          },
        ],
  );
  if (rows.length === 0) return new Map();
  const result = await sql<{ id: string; occurrence: string }>`
    insert into alarm
    select * from jsonb_populate_recordset(null::alarm, ${JSON.stringify(rows)}::jsonb)
    on conflict (occurrence) do nothing
    returning id, occurrence`.execute(tx);
  return new Map(result.rows.map(({ id, occurrence }) => [occurrence, id]));
}

interface UpdatedRow {
  readonly id: string;
  readonly occurrence: string;
  readonly device_id: string;
  readonly unit_id: string;
  readonly component: string;
  readonly fault_family: string;
  readonly returned_at: number | null;
  readonly acknowledged_by: string | null;
  readonly has_returned: boolean;
  readonly is_acknowledged: boolean;
}

const STAGE_OF_ROW = sql.raw(
  `case a.state ${Object.entries(STAGE)
    .map(([state, stage]) => `when '${state}' then ${stage}`)
    .join(' ')} end`,
);

async function updateKnown(tx: Tx, changes: readonly AlarmChange[]): Promise<Map<string, UpdatedRow>> {
  if (changes.length === 0) return new Map();
  const given = changes.map(({ occurrence, state, reason, ...at }) => ({
    occurrence,
    state,
    stage: STAGE[state],
    reason,
    returned_at: timeOf(at.returnedAtMs),
    acknowledged_at: timeOf(at.acknowledgedAtMs),
    ended_at: timeOf(at.endedAtMs),
  }));
  const { rows } = await sql<UpdatedRow>`
    with held as (
      select a.id, a.returned_at is null as was_active, a.acknowledged_at is null as was_unseen,
        g.state, g.reason, g.returned_at, g.acknowledged_at, g.ended_at
      from alarm a
      join jsonb_to_recordset(${JSON.stringify(given)}::jsonb) as g (
        occurrence text, state text, stage int, reason jsonb, returned_at timestamptz,
        acknowledged_at timestamptz, ended_at timestamptz
      ) on g.occurrence = a.occurrence
      where g.stage > ${STAGE_OF_ROW}
      for update of a
    )
    update alarm a set
      state = h.state,
      reason = coalesce(nullif(h.reason, 'null'), a.reason),
      returned_at = coalesce(a.returned_at, h.returned_at),
      acknowledged_at = coalesce(a.acknowledged_at, h.acknowledged_at),
      ended_at = h.ended_at
    from held h where h.id = a.id
    returning a.id, a.occurrence, a.device_id, a.unit_id, a.component, a.fault_family, a.returned_at,
      a.acknowledged_by, h.was_active and a.returned_at is not null as has_returned,
      h.was_unseen and a.acknowledged_at is not null as is_acknowledged`.execute(tx);
  return new Map(rows.map((row) => [row.occurrence, row]));
}

/** Who is named where an acknowledgement came with nobody's request. */
const NOBODY = 'system:rules';

function eventsOfNew({ raised, news, returnedAtMs }: AlarmChange, alarmId: string): NewEvent[] {
  if (raised === null) return [];
  const { deviceId, unitId, component, faultFamily, raisedAtMs, reason } = raised;
  const { ruleId, ruleVersion, severity, faultCode, action } = raised;
  const place = { alarmId, deviceId, unitId, component, faultFamily };
  const rule = { ruleId, ruleVersion, severity, faultCode, action };
  const later = news.map(
    (what): NewEvent =>
      what === 'returned'
        ? { type: 'alarm.returned', data: { ...place, returnedAtMs: returnedAtMs ?? raisedAtMs } }
        : { type: 'alarm.acknowledged', data: { alarmId, byUserId: NOBODY } },
  );
  return [{ type: 'alarm.raised', data: { ...place, ...rule, raisedAtMs, reason } }, ...later];
}

function eventsOfKnown(row: UpdatedRow, { news }: AlarmChange): NewEvent[] {
  return news.flatMap((what): NewEvent[] => {
    if (what === 'acknowledged') {
      const byUserId = row.acknowledged_by ?? NOBODY;
      return row.is_acknowledged ? [{ type: 'alarm.acknowledged', data: { alarmId: row.id, byUserId } }] : [];
    }
    if (!row.has_returned) return [];
    const place = {
      alarmId: row.id,
      deviceId: row.device_id,
      unitId: row.unit_id,
      component: row.component,
      faultFamily: row.fault_family,
    };
    return [{ type: 'alarm.returned', data: { ...place, returnedAtMs: row.returned_at ?? 0 } }];
  });
}
