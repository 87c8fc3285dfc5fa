import { type CallDecoder, componentOf, noteBad, timeOf, wattHoursOf } from './call-facts.ts';

/** A session begins (OCPP 1.6, 4.8), under the transaction id of our reply. Who charges is not kept. */
export const startTransaction: CallDecoder = (facts, payload, source) => {
  const component = componentOf(facts, payload.connectorId, source);
  const { transactionId } = source.answered;
  if (transactionId === undefined) noteBad(facts, 'INGEST_SHAPE_INVALID', 'transactionId');
  if (component === null || transactionId === undefined) return;
  facts.charging.push({
    type: 'started',
    component,
    transactionId,
    atMs: timeOf(facts, payload, source),
    meterWh: wattHoursOf(facts, payload, 'meterStart'),
  });
};
