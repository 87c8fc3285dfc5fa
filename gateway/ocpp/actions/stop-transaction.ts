import { connectorOf } from '#contracts/ocpp.ts';
import { type Action, saidAtMs } from './action.ts';

interface StopTransaction {
  readonly transactionId: number;
  readonly timestamp: string;
  readonly idTag?: string;
}

/**
 * 1.6, 4.10: a transaction has ended; where is logged with it, since the station does not say. One that we never
 * started is answered and kept all the same: the station would repeat it for ever, and the energy has flowed.
 */
export const stopTransaction: Action = async (
  { clock, sessions, starts, counters, log },
  device,
  payload,
) => {
  const { idTag, ...kept } = payload as StopTransaction;
  const { transactionId } = kept;
  sessions.stopped(device.id, transactionId, saidAtMs(kept.timestamp, clock.nowMs()));
  const component = await starts.componentOf(device.id, transactionId);
  if (component === null) {
    counters.unknownTransaction();
    log.warn({ deviceId: device.id, transactionId }, 'a station ended a transaction that we never started');
  }
  const connectorId = typeof component === 'string' ? connectorOf(component) : null;
  const answer = idTag === undefined ? {} : { idTagInfo: { status: 'Accepted' } };
  return { kept, ...(connectorId !== null && { promised: { connectorId } }), reply: () => answer };
};
