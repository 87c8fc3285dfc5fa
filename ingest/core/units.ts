import { type DeviceKind, METRICS, metricIndex } from '#contracts/metrics.ts';

/** canonical = wire × scale + offset */
export interface Conversion {
  readonly scale: number;
  readonly offset: number;
}

/** Wire unit → canonical unit (both UCUM) → conversion. */
const CONVERSIONS: Readonly<Record<string, Readonly<Record<string, Conversion>>>> = {
  '[degF]': { Cel: { scale: 5 / 9, offset: -160 / 9 } },
  K: { Cel: { scale: 1, offset: -273.15 } },
  bar: { kPa: { scale: 100, offset: 0 } },
  MPa: { kPa: { scale: 1_000, offset: 0 } },
  Pa: { kPa: { scale: 0.001, offset: 0 } },
  '[psi]': { kPa: { scale: 6.894_757, offset: 0 } },
  kW: { W: { scale: 1_000, offset: 0 } },
  'W.h': { 'kW.h': { scale: 0.001, offset: 0 } },
  mA: { A: { scale: 0.001, offset: 0 } },
  min: { h: { scale: 1 / 60, offset: 0 } },
};

const SAME: Conversion = { scale: 1, offset: 0 };

export type UnitTable = { readonly conversions: readonly Conversion[] } | { readonly problem: string };

/** Conversions by metric index for a model's wire units; a problem names the metric that cannot be converted. */
export function compileUnits(kind: DeviceKind, units: Readonly<Record<string, string>>): UnitTable {
  for (const name of Object.keys(units)) {
    if (metricIndex(kind, name) === undefined) return { problem: `${name} is not a metric of ${kind}` };
  }
  const conversions: Conversion[] = [];
  for (const metric of METRICS[kind]) {
    const wire = units[metric.name] ?? metric.unit;
    const conversion = wire === metric.unit ? SAME : CONVERSIONS[wire]?.[metric.unit];
    if (conversion === undefined)
      return { problem: `${metric.name}: no conversion from ${wire} to ${metric.unit}` };
    conversions.push(conversion);
  }
  return { conversions };
}
