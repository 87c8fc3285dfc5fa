import { DEVICE_KINDS, type DeviceKind } from '#contracts/metrics.ts';

/** A device's kind as the vocabulary knows it. */
export function kindOf({ kind }: { readonly kind: string }): DeviceKind {
  return DEVICE_KINDS.find((known) => known === kind) ?? 'ac_unit';
}
