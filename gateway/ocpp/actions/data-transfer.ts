import type { Action } from './action.ts';

const OUR_VENDOR_ID = 'aftercare';

/** 1.6, 4.3: data outside the standard. Kept whoever sends it; only our own vendor id is understood. */
export const dataTransfer: Action = (_deps, _device, payload) => {
  const { vendorId } = payload as { readonly vendorId: string };
  const status = vendorId === OUR_VENDOR_ID ? 'Accepted' : 'UnknownVendorId';
  return { kept: payload, reply: () => ({ status }) };
};
