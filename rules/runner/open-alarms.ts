import type { AlarmTransition, Reason } from '#contracts/alarms.ts';
import type { DeviceRef, InputBatch, Signal } from '#contracts/point-batch.ts';
import type { Db } from '#platform/db/db.ts';
import type { AlarmRow, AlarmTables } from '../alarms/tables.ts';

const UNWATCHED: Reason = {
  code: 'unwatched',
  params: {},
  text: { 'zh-CN': '规则不再监视此处', en: 'No rule watches this any more' },
};

/** Alarms that have not come to their end, oldest first. */
export function readOpenAlarms(db: Db): Promise<AlarmRow[]> {
  return db
    .withTables<AlarmTables>()
    .selectFrom('alarm')
    .selectAll()
    .where('state', '<>', 'normal')
    .orderBy('id')
    .execute();
}

/** The step that ends an alarm which the engine does not know. */
export function endOf(row: AlarmRow, atMs: number): AlarmTransition {
  return {
    key: row.key,
    occurrence: row.occurrence,
    ruleId: row.rule_id,
    ruleVersion: row.rule_version,
    deviceId: row.device_id,
    unitId: row.unit_id,
    component: row.component,
    to: 'normal',
    severity: row.severity,
    faultFamily: row.fault_family,
    faultCode: row.fault_code,
    title: row.title,
    action: row.action,
    atMs,
    raisedAtMs: row.raised_at,
    reason: UNWATCHED,
  };
}

/**
 * What tells an empty engine the fault codes of open alarms, as the devices told them. An alarm without a rule
 * comes out as the same occurrence.
 */
export function replayOfFaults(
  rows: readonly AlarmRow[],
  findDevice: (deviceId: string) => DeviceRef | undefined,
): InputBatch {
  const signals = rows.flatMap((row): Signal[] => {
    const device = findDevice(row.device_id);
    return device === undefined ? [] : signalsOf(row, device);
  });
  const points = {
    count: 0,
    device: [],
    component: [],
    observedAtMs: new Float64Array(0),
    receivedAtMs: new Float64Array(0),
    valueStart: new Int32Array(1),
    metric: new Uint16Array(0),
    value: new Float64Array(0),
  };
  return { sequence: 0, points, signals };
}

function signalsOf(row: AlarmRow, device: DeviceRef): Signal[] {
  const { component, fault_code: code, key: alarmKey } = row;
  if (code === null) return [];
  const fault = (state: 'raised' | 'cleared', atMs: number): Signal => ({
    afterPoint: 0,
    type: 'fault',
    device,
    component,
    code,
    state,
    observedAtMs: atMs,
    receivedAtMs: atMs,
    detail: null,
  });
  const signals = [fault('raised', row.raised_at)];
  if (row.state === 'acknowledged') {
    signals.push({
      afterPoint: 0,
      type: 'acknowledge',
      alarmKey,
      atMs: row.acknowledged_at ?? row.raised_at,
    });
  }
  if (row.returned_at !== null) signals.push(fault('cleared', row.returned_at));
  return signals;
}
