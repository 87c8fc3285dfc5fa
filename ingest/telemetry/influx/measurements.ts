import type { DeviceKind } from '#contracts/metrics.ts';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

const SUFFIXES = { raw: '', minute: '_1m', hour: '_1h' } as const;
export type Resolution = keyof typeof SUFFIXES;

/**
 * Raw points, or their rollups. A rollup has of each metric its average by the metric's own name, and
 * `_min`, `_max`, `_sum` and `_samples` (how many values).
 */
export function measurementOf(kind: DeviceKind, resolution: Resolution): string {
  return `${kind}${SUFFIXES[resolution]}`;
}
