import type { DeviceKind } from './metrics.ts';

/**
 * Forecast of when a metric reaches its limit, from stored history (ISO 13381). `p10AtMs` to `p90AtMs` is the
 * interval of the forecast instant, early to late; null where it lies beyond ten years.
 */
export type Prognosis =
  | {
      readonly state: 'trend';
      readonly currentValue: number;
      readonly slopePerDay: number;
      readonly p10AtMs: number;
      readonly p50AtMs: number;
      readonly p90AtMs: number | null;
      readonly samples: number;
    }
  | { readonly state: 'no_trend' | 'insufficient_data'; readonly samples: number };

/** Which metric of which device is watched, and the value it must not pass. */
export interface PrognosisQuestion {
  readonly deviceId: string;
  readonly kind: DeviceKind;
  readonly component: string;
  readonly metric: string;
  readonly limit: number;
  readonly direction: 'rising' | 'falling';
  readonly windowDays: number;
}
