import type { PileEvent, StatusReport } from '../core/pile.ts';
import type { SampledValue } from '../core/pile-meter.ts';
import type { Payload } from './station-link.ts';

/** A CALL to be sent when its turn comes. */
export interface Outgoing {
  readonly action: string;
  readonly payload: Payload;
  /** Key of the session it belongs to; its transaction id is filled in when it is sent. */
  readonly session: number | null;
  /** Part of a transaction: kept while the station is offline, and sent again. @see OCPP 1.6, 3.7 */
  readonly isKept: boolean;
  /** Asked for by the server: sent before the station is accepted, too. */
  readonly isTriggered: boolean;
  readonly onAnswer?: (result: unknown) => void;
}

const PLAIN = { session: null, isKept: false, isTriggered: false } as const;

export function plainMessage(action: string, payload: Payload): Outgoing {
  return { ...PLAIN, action, payload };
}

/** A pile's event as the message that tells it, with the time it happened. */
export function messageOf(event: PileEvent, atMs: number): Outgoing {
  const timestamp = new Date(atMs).toISOString();
  switch (event.type) {
    case 'status':
      return statusMessage(event.connectorId, event.report, atMs);
    case 'authorize':
      return plainMessage('Authorize', { idTag: event.idTag });
    case 'start': {
      const { connectorId, idTag, meterWh } = event;
      const payload = { connectorId, idTag, meterStart: meterWh, timestamp };
      return { ...PLAIN, action: 'StartTransaction', payload, session: event.key, isKept: true };
    }
    case 'stop': {
      const { idTag, meterWh, reason } = event;
      const payload = { idTag, meterStop: meterWh, timestamp, reason };
      return { ...PLAIN, action: 'StopTransaction', payload, session: event.key, isKept: true };
    }
  }
}

export function statusMessage(connectorId: number, { status, error }: StatusReport, atMs: number): Outgoing {
  return plainMessage('StatusNotification', {
    connectorId,
    status,
    ...error,
    timestamp: new Date(atMs).toISOString(),
  });
}

export interface Reading {
  readonly atMs: number;
  readonly values: readonly SampledValue[];
}

/** Readings of a connector's meter, of a session if `session` names one. */
export function meterMessage(
  connectorId: number,
  session: number | null,
  readings: readonly Reading[],
): Outgoing {
  const meterValue = readings.map(({ atMs, values }) => ({
    timestamp: new Date(atMs).toISOString(),
    sampledValue: values,
  }));
  return {
    ...PLAIN,
    action: 'MeterValues',
    payload: { connectorId, meterValue },
    session,
    isKept: session !== null,
  };
}
