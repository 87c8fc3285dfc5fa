import { bootNotification } from './boot-notification.ts';
import { type CallDecoder, type CallFacts, type CallSource, createFacts, noteBad } from './call-facts.ts';
import { dataTransfer } from './data-transfer.ts';
import { diagnosticsStatusNotification } from './diagnostics-status-notification.ts';
import { firmwareStatusNotification } from './firmware-status-notification.ts';
import { meterValues } from './meter-values.ts';
import { startTransaction } from './start-transaction.ts';
import { statusNotification } from './status-notification.ts';
import { stopTransaction } from './stop-transaction.ts';

const DECODERS: ReadonlyMap<string, CallDecoder> = new Map([
  ['BootNotification', bootNotification],
  ['DataTransfer', (facts, payload, { receivedAtMs }) => dataTransfer(facts, payload, receivedAtMs)],
  ['DiagnosticsStatusNotification', diagnosticsStatusNotification],
  ['FirmwareStatusNotification', firmwareStatusNotification],
  ['MeterValues', meterValues],
  ['StartTransaction', startTransaction],
  ['StatusNotification', statusNotification],
  ['StopTransaction', stopTransaction],
]);

/** What a station's call told; never throws, whatever the payload. */
export function decodeCall(
  { action, payload }: { readonly action: string; readonly payload: Readonly<Record<string, unknown>> },
  source: CallSource,
): CallFacts {
  const facts = createFacts();
  const decoder = DECODERS.get(action);
  if (decoder === undefined) noteBad(facts, 'INGEST_CALL_UNKNOWN', action);
  else decoder(facts, payload, source);
  return facts;
}
