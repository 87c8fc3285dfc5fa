import { expect, test } from 'vitest';
import { SEVERITIES } from '#contracts/alarms.ts';
import { TICKET_STATUSES, WORK_ORDER_STATUSES } from '#contracts/statuses.ts';
import {
  alarmsByDevice,
  countAlarms,
  isInHand,
  isOpenTicket,
  SEVERITY_ORDER,
  severityRank,
} from './open-work.ts';

test('severities are ordered as the contract says, worst first', () => {
  expect(SEVERITY_ORDER).toEqual(SEVERITIES);
  expect(severityRank('critical')).toBeLessThan(severityRank('warning'));
  expect(severityRank('warning')).toBeLessThan(severityRank(null));
});

test('a ticket is open until it is closed, merged or cancelled', () => {
  const open = TICKET_STATUSES.filter((status) => isOpenTicket({ status }));
  expect(open).toEqual(['open', 'assessed', 'in_progress', 'resolved', 'verifying']);
});

test('an order is in hand until it is archived or cancelled', () => {
  const ended = WORK_ORDER_STATUSES.filter((status) => !isInHand({ status }));
  expect(ended).toEqual(['archived', 'cancelled']);
});

test("a unit's alarms are counted and the worst named", () => {
  const counts = alarmsByDevice([
    { deviceId: 'ac-1', severity: 'minor' },
    { deviceId: 'ac-2', severity: 'warning' },
    { deviceId: 'ac-1', severity: 'critical' },
  ]);
  expect(counts.get('ac-1')).toMatchObject({ total: 2, worst: 'critical' });
  expect(counts.get('ac-3')).toBeUndefined();
  expect(countAlarms([]).worst).toBeNull();
});
