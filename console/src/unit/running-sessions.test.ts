import { expect, test } from 'vitest';
import { runningSessions } from './running-sessions.ts';

const session = (transactionId: number, component: string, stoppedAt: string | null = null) => ({
  deviceId: 'pile-1',
  component,
  transactionId,
  startedAt: '2026-11-22T10:00:00.000Z',
  stoppedAt,
  meterStartWh: 0,
  meterStopWh: null,
  stopReason: null,
  isUnknown: false,
});

test('the newest session of a connector runs while a vehicle is there; an older one without an end does not', () => {
  const sessions = [session(3, 'connector-1'), session(2, 'connector-2'), session(1, 'connector-1')];
  const connectors = [
    { component: 'connector-1', status: 'suspended_ev' },
    { component: 'connector-2', status: 'available' },
  ] as const;
  expect([...runningSessions(sessions, connectors)]).toEqual([[sessions[0], 'suspended_ev']]);
});

test('a session that ended runs no more, whatever the connector says', () => {
  const ended = session(1, 'connector-1', '2026-11-22T10:30:00.000Z');
  expect(runningSessions([ended], [{ component: 'connector-1', status: 'charging' }]).size).toBe(0);
});
