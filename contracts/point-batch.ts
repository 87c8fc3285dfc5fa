import type { DeviceKind } from './metrics.ts';

/** A registered device as the hot path knows it. `index` is dense and holds for this process only. */
export interface DeviceRef {
  readonly id: string;
  readonly index: number;
  readonly kind: DeviceKind;
  readonly model: string;
  readonly unitId: string;
  readonly siteId: string | null;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * Points of one log batch, in log order, as a struct of arrays: point `p` has the values at
 * `valueStart[p] … valueStart[p + 1] - 1`. `value[i]` is in the canonical unit of metric `metric[i]` (its index
 * in `METRICS[kind]`); booleans are 0 or 1, enums their position. Read-only once handed on.
 */
export interface PointBatch {
  readonly count: number;
  readonly device: readonly DeviceRef[];
  readonly component: readonly string[];
  readonly observedAtMs: Float64Array;
  readonly receivedAtMs: Float64Array;
  readonly valueStart: Int32Array;
  readonly metric: Uint16Array;
  readonly value: Float64Array;
}

/** What stands between points in the log. `afterPoint` counts the batch's points that come before it. */
export type Signal = { readonly afterPoint: number } & (
  | {
      readonly type: 'fault';
      readonly device: DeviceRef;
      readonly component: string;
      readonly code: string;
      readonly state: 'raised' | 'cleared';
      readonly observedAtMs: number;
      readonly receivedAtMs: number;
      readonly detail: string | null;
    }
  | {
      /** The whole list of the component's active codes: what is missing is cleared. */
      readonly type: 'fault_list';
      readonly device: DeviceRef;
      readonly component: string;
      readonly codes: readonly string[];
      readonly observedAtMs: number;
      readonly receivedAtMs: number;
    }
  | {
      readonly type: 'presence';
      readonly device: DeviceRef;
      readonly isOnline: boolean;
      readonly atMs: number;
    }
  | { readonly type: 'tick'; readonly atMs: number }
  /** This node has begun to listen: what waited while it did not goes on waiting from here. */
  | { readonly type: 'resume'; readonly atMs: number }
  | { readonly type: 'acknowledge'; readonly alarmKey: string; readonly atMs: number }
);

/** Everything the rule engine sees of one log batch; `sequence` is its position in the log. */
export interface InputBatch {
  readonly sequence: number;
  readonly points: PointBatch;
  readonly signals: readonly Signal[];
}
