import type { Alarm, Severity } from '#contracts/alarms.ts';
import type { Ticket } from '#contracts/tickets.ts';
import type { WorkOrder } from '#contracts/work-orders.ts';

/** Worst first. */
export const SEVERITY_ORDER = [
  'critical',
  'major',
  'minor',
  'warning',
] as const satisfies readonly Severity[];

const ENDED_TICKETS: readonly Ticket['status'][] = ['closed', 'merged', 'cancelled'];
const ENDED_ORDERS: readonly WorkOrder['status'][] = ['archived', 'cancelled'];

export function isOpenTicket({ status }: Pick<Ticket, 'status'>): boolean {
  return !ENDED_TICKETS.includes(status);
}

export function isInHand({ status }: Pick<WorkOrder, 'status'>): boolean {
  return !ENDED_ORDERS.includes(status);
}

export interface AlarmCount {
  readonly total: number;
  readonly worst: Severity | null;
  readonly bySeverity: Readonly<Record<Severity, number>>;
}

export function countAlarms(alarms: readonly Pick<Alarm, 'severity'>[]): AlarmCount {
  const bySeverity = { critical: 0, major: 0, minor: 0, warning: 0 };
  for (const { severity } of alarms) bySeverity[severity] += 1;
  const worst = SEVERITY_ORDER.find((severity) => bySeverity[severity] > 0) ?? null;
  return { total: alarms.length, worst, bySeverity };
}

/** Open alarms of each device. */
export function alarmsByDevice(
  alarms: readonly Pick<Alarm, 'severity' | 'deviceId'>[],
): ReadonlyMap<string, AlarmCount> {
  const groups = new Map<string, Pick<Alarm, 'severity'>[]>();
  for (const alarm of alarms) {
    const group = groups.get(alarm.deviceId) ?? [];
    group.push(alarm);
    groups.set(alarm.deviceId, group);
  }
  return new Map([...groups].map(([deviceId, group]) => [deviceId, countAlarms(group)]));
}

/** Rank of a severity, the worst the smallest; nothing wrong comes last. */
export function severityRank(severity: Severity | null): number {
  return severity === null ? SEVERITY_ORDER.length : SEVERITY_ORDER.indexOf(severity);
}
