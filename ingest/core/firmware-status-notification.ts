import { type CallDecoder, noteBad, textOf } from './call-facts.ts';

/** How a firmware update goes (OCPP 1.6, 4.5). */
export const firmwareStatusNotification: CallDecoder = (facts, payload, { receivedAtMs }) => {
  const state = textOf(payload, 'status', 64);
  if (state === null) {
    noteBad(facts, 'INGEST_SHAPE_INVALID', 'status');
    return;
  }
  facts.events.push({
    type: 'firmware',
    component: '',
    code: null,
    state,
    detail: {},
    observedAtMs: receivedAtMs,
  });
};
