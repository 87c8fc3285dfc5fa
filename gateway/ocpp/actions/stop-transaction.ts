import type { DeviceRef } from '#contracts/point-batch.ts';
import type { Action, ActionDeps } from './action.ts';

interface StopTransaction {
  readonly transactionId: number;
  readonly idTag?: string;
}

/**
 * 1.6, 4.10: a transaction has ended. One that we never started is answered and kept all the same: the station
 * would repeat it for ever, and the energy has flowed.
 */
export const stopTransaction: Action = (deps, device, payload) => {
  const { idTag, ...kept } = payload as StopTransaction;
  deps.sessions.stopped(device.id, kept.transactionId);
  void noteUnknown(deps, device, kept.transactionId);
  const answer = idTag === undefined ? {} : { idTagInfo: { status: 'Accepted' } };
  return { kept, reply: () => answer };
};

async function noteUnknown(
  { starts, counters, log }: ActionDeps,
  { id: deviceId }: DeviceRef,
  transactionId: number,
): Promise<void> {
  if ((await starts.isKnown(deviceId, transactionId)) !== false) return;
  counters.unknownTransaction();
  log.warn({ deviceId, transactionId }, 'a station ended a transaction that we never started');
}
