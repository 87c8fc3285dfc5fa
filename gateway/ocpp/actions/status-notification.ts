import { connectorComponent } from '#contracts/ocpp.ts';
import { connectorStatusOf } from '../core/connector-state.ts';
import type { Action } from './action.ts';

/**
 * 1.6, 4.9: status and error of a connector, or of the station as connector 0. A status that should not follow the
 * last one is taken as it is: after an outage only the current one is sent.
 */
export const statusNotification: Action = ({ sessions, reported }, device, payload) => {
  const { connectorId, status } = payload as { readonly connectorId: number; readonly status: string };
  const known = connectorStatusOf(status);
  const component = connectorComponent(connectorId);
  if (known !== undefined) sessions.reported(device.id, component, known);
  return {
    kept: payload,
    reply: () => {
      if (known !== undefined) reported(device, component);
      return {};
    },
  };
};
