import { type CallFacts, type Fields, textOf } from './call-facts.ts';

const OURS = 'aftercare';
const MAX_DATA = 500;

/** A message in our own MQTT format that came as vendor data, or null. */
export function messageInTransfer(
  payload: Fields,
): { readonly channel: 'telemetry' | 'fault'; readonly text: string } | null {
  const { vendorId, messageId, data } = payload;
  if (vendorId !== OURS || (messageId !== 'telemetry' && messageId !== 'fault')) return null;
  return { channel: messageId, text: typeof data === 'string' ? data : JSON.stringify(data ?? null) };
}

/** Vendor data that we only keep (OCPP 1.6, 4.3). */
export function dataTransfer(facts: CallFacts, payload: Fields, receivedAtMs: number): void {
  const data = typeof payload.data === 'string' ? payload.data : JSON.stringify(payload.data ?? null);
  facts.events.push({
    type: 'vendor',
    component: '',
    code: null,
    state: textOf(payload, 'messageId', 64) ?? '',
    detail: {
      vendorId: textOf(payload, 'vendorId'),
      data: textOf({ data }, 'data', MAX_DATA),
    },
    observedAtMs: receivedAtMs,
  });
}
