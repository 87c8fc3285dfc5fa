import type { DeviceKind } from '#contracts/metrics.ts';
import type { DeviceRef, PointBatch } from '#contracts/point-batch.ts';
import type { TelemetryQuery, TelemetrySeries } from '#contracts/telemetry.ts';

/** A part's newest points are looked at for the newest value of each metric: messages differ in what they hold. */
export const LATEST_POINTS = 12;

/** The newest value of each metric in the newest points of one device and component; the time is the newest point's. */
export interface LatestValues {
  readonly deviceId: string;
  readonly component: string;
  readonly observedAtMs: number;
  readonly values: Readonly<Record<string, number>>;
}

/** A point that a store will never take, with the store's reason as a code and in its own words. */
export interface RefusedPoint {
  readonly device: DeviceRef;
  readonly component: string;
  readonly observedAtMs: number;
  readonly receivedAtMs: number;
  readonly values: Readonly<Record<string, number>>;
  readonly code: string;
  readonly message: string;
}

/**
 * Where telemetry is kept. `write` resolves when the points are durable; writing a point again changes nothing,
 * and points of one key written later win, value by value.
 */
export interface TelemetryStore extends AsyncDisposable {
  write(batches: readonly PointBatch[]): Promise<void>;
  query(query: TelemetryQuery): Promise<TelemetrySeries[]>;
  latest(kind: DeviceKind, deviceIds: readonly string[]): Promise<LatestValues[]>;
  /** Rolls up what is complete and what late points touched; `stableUntilMs` bounds what the writer still holds. */
  rollUp(stableUntilMs: number): Promise<void>;
  /** Drops what is past retention. */
  sweep(): Promise<void>;
}
