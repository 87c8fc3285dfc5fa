import type { ConnectorStatus } from '#contracts/metrics.ts';
import type { ChargingSession, PileConnector } from '#contracts/ocpp.ts';

const IN_SESSION: ReadonlySet<ConnectorStatus> = new Set([
  'preparing',
  'charging',
  'suspended_evse',
  'suspended_ev',
  'finishing',
]);

/**
 * The sessions that run, each with what its connector is doing: of each connector the newest one, if its end was not
 * told and the connector says that a vehicle is there. Sessions come newest first.
 */
export function runningSessions(
  sessions: readonly ChargingSession[],
  connectors: readonly Pick<PileConnector, 'component' | 'status'>[],
): ReadonlyMap<ChargingSession, ConnectorStatus> {
  const running = new Map<ChargingSession, ConnectorStatus>();
  for (const { component, status } of connectors) {
    const newest = sessions.find((session) => session.component === component);
    if (newest?.stoppedAt === null && IN_SESSION.has(status)) running.set(newest, status);
  }
  return running;
}
