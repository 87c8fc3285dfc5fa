import type { AlarmState, AlarmTransition } from '#contracts/alarms.ts';
import { familyOfCode, findDeviceModel } from '#contracts/device-models.ts';
import { faultFamily, unmappedFamily } from '#contracts/faults.ts';
import type { DeviceRef } from '#contracts/point-batch.ts';
import type { AlarmPhase } from './lane-state.ts';
import { type ReasonCode, reasonOf } from './reasons.ts';

/** A fault code on a device's component. */
export interface FaultPlace {
  readonly device: DeviceRef;
  readonly component: string;
  readonly code: string;
}

interface FaultAlarm {
  place: FaultPlace;
  phase: AlarmPhase;
  raisedAtMs: number;
}

/** What a snapshot keeps of an alarm without a rule. */
export interface FaultAlarmState {
  readonly deviceId: string;
  readonly component: string;
  readonly code: string;
  readonly phase: AlarmPhase;
  readonly raisedAtMs: number;
}

/** What a snapshot keeps of a component's active codes. */
export interface ActiveCodes {
  readonly deviceId: string;
  readonly component: string;
  readonly since: readonly (readonly [code: string, sinceMs: number])[];
}

/** Active fault codes of every device, and the alarms of codes that no rule claims. */
export interface FaultBook {
  /** Active codes and since when; the same map for as long as the book lives. */
  readonly codesOf: (deviceId: string, component: string) => Map<string, number>;
  /** `detail` is what the device says of it. */
  readonly raise: (
    place: FaultPlace,
    at: { readonly atMs: number; readonly detail: string | null },
  ) => AlarmTransition[];
  readonly clear: (place: FaultPlace, atMs: number) => AlarmTransition[];
  readonly acknowledge: (alarmKey: string, atMs: number) => AlarmTransition[] | undefined;
  readonly activeCount: () => number;
  readonly active: () => ActiveCodes[];
  readonly alarms: () => FaultAlarmState[];
  readonly restore: (state: FaultAlarmState, device: DeviceRef) => void;
}

const keyOf = ({ device, component, code }: FaultPlace): string => `fault:${code}|${device.id}|${component}`;

export function createFaultBook(): FaultBook {
  const codes = new Map<string, { deviceId: string; component: string; since: Map<string, number> }>();
  const alarms = new Map<string, FaultAlarm>();

  const move = (
    alarm: FaultAlarm,
    to: AlarmState,
    at: { atMs: number; reason: ReasonCode; detail?: string | null },
  ): AlarmTransition => {
    if (to === 'normal') alarms.delete(keyOf(alarm.place));
    return transitionOf(alarm, to, at);
  };

  return {
    codesOf(deviceId, component) {
      const key = `${component}|${deviceId}`;
      const known = codes.get(key) ?? { deviceId, component, since: new Map<string, number>() };
      codes.set(key, known);
      return known.since;
    },
    raise(place, { atMs, detail }) {
      const old = alarms.get(keyOf(place));
      if (old !== undefined && old.phase !== 'returned') return [];
      if (familyOf(place) === 'state') return [];
      const ended = old === undefined ? [] : [move(old, 'normal', { atMs, reason: 'recurred' })];
      const raisedAtMs = old !== undefined && atMs <= old.raisedAtMs ? old.raisedAtMs + 1 : atMs;
      const alarm: FaultAlarm = { place, phase: 'unacknowledged', raisedAtMs };
      alarms.set(keyOf(place), alarm);
      return [...ended, move(alarm, 'unacknowledged', { atMs, reason: 'fault_raised', detail })];
    },
    clear(place, atMs) {
      const alarm = alarms.get(keyOf(place));
      if (alarm === undefined || alarm.phase === 'returned') return [];
      const to = alarm.phase === 'acknowledged' ? 'normal' : 'returned';
      alarm.phase = to;
      return [move(alarm, to, { atMs, reason: 'fault_cleared' })];
    },
    acknowledge(alarmKey, atMs) {
      const alarm = alarms.get(alarmKey);
      if (alarm === undefined) return undefined;
      if (alarm.phase === 'acknowledged') return [];
      const to = alarm.phase === 'returned' ? 'normal' : 'acknowledged';
      alarm.phase = to;
      return [move(alarm, to, { atMs, reason: 'acknowledged' })];
    },
    activeCount: () => [...alarms.values()].filter(({ phase }) => phase !== 'returned').length,
    active: () =>
      [...codes.values()]
        .filter(({ since }) => since.size > 0)
        .map(({ deviceId, component, since }) => ({ deviceId, component, since: [...since] })),
    alarms: () =>
      [...alarms.values()].map(({ place, phase, raisedAtMs }) => ({
        deviceId: place.device.id,
        component: place.component,
        code: place.code,
        phase,
        raisedAtMs,
      })),
    restore({ component, code, phase, raisedAtMs }, device) {
      const place = { device, component, code };
      alarms.set(keyOf(place), { place, phase, raisedAtMs });
    },
  };
}

function familyOf({ device, code }: FaultPlace): string {
  const model = findDeviceModel(device.model);
  return model === undefined ? unmappedFamily(code) : familyOfCode(model, code);
}

function transitionOf(
  { place, raisedAtMs }: FaultAlarm,
  to: AlarmState,
  at: { readonly atMs: number; readonly reason: ReasonCode; readonly detail?: string | null },
): AlarmTransition {
  const family = faultFamily(familyOf(place));
  const key = keyOf(place);
  return {
    key,
    occurrence: `${key}|${raisedAtMs}`,
    ruleId: null,
    ruleVersion: null,
    deviceId: place.device.id,
    unitId: place.device.unitId,
    component: place.component,
    to,
    severity: family.severity,
    faultFamily: family.id,
    faultCode: place.code,
    title: family.label,
    action: 'ticket',
    atMs: at.atMs,
    raisedAtMs,
    reason: reasonOf(at.reason, { code: place.code, ...(at.detail && { detail: at.detail }) }),
  };
}
