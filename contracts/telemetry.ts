import { type Static, Type } from 'typebox';
import type { DeviceKind } from './metrics.ts';

export const AGGREGATES = ['avg', 'min', 'max', 'last'] as const;
export type Aggregate = (typeof AGGREGATES)[number];

/** A question about one device's stored telemetry. `everyMs` null asks for the points as stored. */
export interface TelemetryQuery {
  readonly deviceId: string;
  readonly kind: DeviceKind;
  readonly metrics: readonly string[];
  readonly component?: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly everyMs: number | null;
  readonly agg: Aggregate;
}

/** Answer of GET /api/v1/telemetry; a point is [epoch ms, value]. */
export const TelemetrySeries = Type.Object({
  metric: Type.String(),
  component: Type.String(),
  unit: Type.String(),
  points: Type.Array(Type.Tuple([Type.Number(), Type.Number()])),
});
export type TelemetrySeries = Static<typeof TelemetrySeries>;
