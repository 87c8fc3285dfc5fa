import { type CallDecoder, textOf } from './call-facts.ts';

/** The station has started (OCPP 1.6, 4.2). SIM card numbers are not kept. */
export const bootNotification: CallDecoder = (facts, payload, { receivedAtMs }) => {
  facts.events.push({
    type: 'boot',
    component: '',
    code: null,
    state: 'started',
    detail: {
      vendor: textOf(payload, 'chargePointVendor'),
      model: textOf(payload, 'chargePointModel'),
      serial: textOf(payload, 'chargePointSerialNumber'),
      firmware: textOf(payload, 'firmwareVersion'),
    },
    observedAtMs: receivedAtMs,
  });
};
