import { findDeviceModel } from '#contracts/device-models.ts';
import type { Values } from '../core/sensors.ts';

/** What one canonical unit is in the wire unit that a model reports. */
const PER_CANONICAL: Readonly<Record<string, number>> = { bar: 0.01, kW: 0.001 };

/** Values in the units that this model speaks on the wire. */
export function toWireUnits(model: string, values: Values): Values {
  const units = findDeviceModel(model)?.units ?? {};
  const converted: Record<string, number | string | boolean> = { ...values };
  for (const [metric, unit] of Object.entries(units)) {
    const factor = PER_CANONICAL[unit];
    const value = converted[metric];
    if (factor !== undefined && typeof value === 'number') {
      converted[metric] = Number((value * factor).toFixed(4));
    }
  }
  return converted;
}
