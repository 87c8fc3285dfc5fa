import { type CallDecoder, noteBad, textOf } from './call-facts.ts';

/** How an upload of diagnostics goes (OCPP 1.6, 4.4). */
export const diagnosticsStatusNotification: CallDecoder = (facts, payload, { receivedAtMs }) => {
  const state = textOf(payload, 'status', 64);
  if (state === null) {
    noteBad(facts, 'INGEST_SHAPE_INVALID', 'status');
    return;
  }
  facts.events.push({
    type: 'diagnostics',
    component: '',
    code: null,
    state,
    detail: {},
    observedAtMs: receivedAtMs,
  });
};
