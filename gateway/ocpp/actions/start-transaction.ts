import { connectorComponent, ocppTimeMs } from '#contracts/ocpp.ts';
import { type Action, saidAtMs } from './action.ts';

interface StartTransaction {
  readonly connectorId: number;
  readonly meterStart: number;
  readonly timestamp: string;
  readonly idTag?: string;
}

/**
 * 1.6, 4.8: a transaction has begun. A station that missed our answer reports it again, and gets the same id: same
 * connector, time and meter. Never refused for what it says (1.6, 3.7: the station would repeat it for ever).
 */
export const startTransaction: Action = async ({ clock, starts, sessions }, device, payload) => {
  const { idTag: _, ...kept } = payload as StartTransaction;
  const component = connectorComponent(kept.connectorId);
  const startedAtMs = saidAtMs(kept.timestamp, clock.nowMs());
  sessions.started(device.id, component, { transactionId: undefined, startedAtMs });
  const transactionId = await starts.idOf({
    deviceId: device.id,
    component,
    startedAtMs: ocppTimeMs(kept.timestamp),
    meterStartWh: kept.meterStart,
  });
  sessions.started(device.id, component, { transactionId, startedAtMs });
  return {
    kept,
    promised: { transactionId },
    reply: () => ({ transactionId, idTagInfo: { status: 'Accepted' } }),
  };
};
