import { connectorComponent } from '#contracts/ocpp.ts';
import { connectorStatusOf } from '../core/connector-state.ts';
import { type Action, saidAtMs } from './action.ts';

interface StatusNotification {
  readonly connectorId: number;
  readonly status: string;
  readonly timestamp?: string;
}

/**
 * 1.6, 4.9: status and error of a connector, or of the station as connector 0. A status that should not follow the
 * last one is taken as it is: after an outage only the current one is sent.
 */
export const statusNotification: Action = ({ clock, sessions, reported }, device, payload) => {
  const { connectorId, status, timestamp } = payload as StatusNotification;
  const known = connectorStatusOf(status);
  const component = connectorComponent(connectorId);
  const atMs = saidAtMs(timestamp, clock.nowMs());
  if (known !== undefined) sessions.reported(device.id, component, { status: known, atMs });
  return {
    kept: payload,
    reply: () => {
      if (known !== undefined) reported(device, component);
      return {};
    },
  };
};
