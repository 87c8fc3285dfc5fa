import type { Alarm, AlarmState, Severity } from '#contracts/alarms.ts';
import { isoTime, isoTimeOrNull } from '#contracts/time.ts';
import type { Db } from '#platform/db/db.ts';
import { notFound } from '#platform/errors.ts';
import { decodeRecordCursor, type PageOf, pageOf } from '#platform/http/page.ts';
import type { AlarmRow, AlarmTables } from './tables.ts';

/** The ticket that each of these alarms is reported on; alarms without one are left out. */
export type TicketsOfAlarms = (alarmIds: readonly string[]) => Promise<ReadonlyMap<string, string>>;

interface AlarmReads {
  readonly db: Db;
  readonly ticketsOfAlarms: TicketsOfAlarms;
}

interface AlarmFilter {
  readonly limit?: number;
  readonly cursor?: string;
  readonly deviceId?: string;
  readonly unitId?: string;
  readonly state?: AlarmState;
  readonly severity?: Severity;
  readonly ruleId?: string;
  readonly open?: boolean;
}

/** Alarms, the newest first. `open` ones have not come to their end. */
export async function listAlarms(deps: AlarmReads, filter: AlarmFilter): Promise<PageOf<Alarm>> {
  const { limit = 50, deviceId, unitId, state, severity, ruleId, open } = filter;
  const before = decodeRecordCursor(filter.cursor);
  let query = deps.db.withTables<AlarmTables>().selectFrom('alarm').selectAll();
  if (deviceId !== undefined) query = query.where('device_id', '=', deviceId);
  if (unitId !== undefined) query = query.where('unit_id', '=', unitId);
  if (state !== undefined) query = query.where('state', '=', state);
  if (severity !== undefined) query = query.where('severity', '=', severity);
  if (ruleId !== undefined) query = query.where('rule_id', '=', ruleId);
  if (open !== undefined) query = query.where('state', open ? '<>' : '=', 'normal');
  if (before !== undefined) query = query.where('id', '<', before);
  const rows = await query
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute();
  const tickets = await deps.ticketsOfAlarms(rows.map(({ id }) => id));
  return pageOf(rows, limit, (row) => toAlarm(row, tickets));
}

export async function readAlarm(deps: AlarmReads, id: string): Promise<Alarm> {
  const row = await deps.db
    .withTables<AlarmTables>()
    .selectFrom('alarm')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst();
  if (row === undefined) throw notFound('alarm', id);
  return toAlarm(row, await deps.ticketsOfAlarms([id]));
}

function toAlarm(row: AlarmRow, tickets: ReadonlyMap<string, string>): Alarm {
  return {
    id: row.id,
    ruleId: row.rule_id,
    ruleVersion: row.rule_version,
    deviceId: row.device_id,
    unitId: row.unit_id,
    component: row.component,
    severity: row.severity,
    state: row.state,
    faultFamily: row.fault_family,
    faultCode: row.fault_code,
    title: row.title,
    reason: row.reason,
    raisedAt: isoTime(row.raised_at),
    returnedAt: isoTimeOrNull(row.returned_at),
    acknowledgedAt: isoTimeOrNull(row.acknowledged_at),
    ticketId: tickets.get(row.id) ?? null,
  };
}
