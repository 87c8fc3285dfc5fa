import { type CallDecoder, componentOf, noteBad, textOf, timeOf, wattHoursOf } from './call-facts.ts';
import { addMeterValues } from './meter-values.ts';

/**
 * A session ends (OCPP 1.6, 4.10). The message does not say where: `answered.connectorId` does, where we knew the
 * transaction; its `transactionData` belongs there.
 */
export const stopTransaction: CallDecoder = (facts, payload, source) => {
  const { transactionId, transactionData } = payload;
  const isWhole = typeof transactionId === 'number' && Number.isSafeInteger(transactionId);
  if (!isWhole) {
    noteBad(facts, 'INGEST_SHAPE_INVALID', 'transactionId');
    return;
  }
  const { connectorId } = source.answered;
  const component = connectorId === undefined ? null : componentOf(facts, connectorId, source);
  facts.charging.push({
    type: 'stopped',
    component: component ?? '',
    transactionId,
    atMs: timeOf(facts, payload, source),
    meterWh: wattHoursOf(facts, payload, 'meterStop'),
    reason: textOf(payload, 'reason', 64) ?? 'Local',
  });
  if (!Array.isArray(transactionData) || transactionData.length === 0) return;
  if (component === null) noteBad(facts, 'INGEST_TRANSACTION_UNKNOWN', 'transactionData');
  else addMeterValues(facts, { component, meterValues: transactionData }, source);
};
