import { type Outgoing, plainMessage } from './messages.ts';
import type { Payload } from './station-link.ts';

interface TriggerDeps {
  readonly bootPayload: Payload;
  readonly connectors: number;
  readonly statusNow: (connectorId: number) => Outgoing;
  readonly read: (connectorId: number) => Outgoing;
  readonly send: (message: Outgoing) => void;
}

/** TriggerMessage: sends what is asked for, of one connector or of all; false for what there is not. */
export function createTrigger({
  bootPayload,
  connectors,
  statusNow,
  read,
  send,
}: TriggerDeps): (message: string, connectorId: number | undefined) => boolean {
  const ids = Array.from({ length: connectors + 1 }, (_, id) => id);
  const makers: Readonly<Record<string, (connectorId: number) => Outgoing>> = {
    BootNotification: () => plainMessage('BootNotification', bootPayload),
    Heartbeat: () => plainMessage('Heartbeat', {}),
    DiagnosticsStatusNotification: () => plainMessage('DiagnosticsStatusNotification', { status: 'Idle' }),
    FirmwareStatusNotification: () => plainMessage('FirmwareStatusNotification', { status: 'Idle' }),
    StatusNotification: statusNow,
    MeterValues: read,
  };
  return (message, connectorId) => {
    const make = makers[message];
    if (make === undefined || (connectorId !== undefined && !ids.includes(connectorId))) return false;
    const isOfConnector = message === 'StatusNotification' || message === 'MeterValues';
    const wanted = connectorId === undefined && isOfConnector ? ids : [connectorId ?? 0];
    for (const id of wanted) send({ ...make(id), isTriggered: true });
    return true;
  };
}
