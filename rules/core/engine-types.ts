import type { AlarmTransition } from '#contracts/alarms.ts';
import type { DeviceRef, InputBatch } from '#contracts/point-batch.ts';
import type { CompiledRule } from './compiled-rule.ts';

/** Counters since the engine was created. */
export interface EngineStats {
  readonly points: number;
  /** Older than the newest of their device and component: stored elsewhere, not evaluated. */
  readonly late: number;
  /** Received more than ten minutes after they were observed: history, not evaluated. */
  readonly backfilled: number;
  /** More than a minute ahead of our clock: not evaluated. */
  readonly ahead: number;
  readonly evaluations: number;
  /** Evaluations that held a delay or an alarm because a value was missing. */
  readonly unknown: number;
  readonly raised: number;
  /** Held points let go before their time because a device's hold queue was full. */
  readonly releasedEarly: number;
  /** Acknowledgements of an alarm that is not there. */
  readonly strayAcknowledgements: number;
  readonly devices: number;
}

export interface RestoreResult {
  readonly rows: number;
  readonly alarms: number;
  /** Rows of unknown devices, values of unknown metrics and alarms of unknown rules left behind. */
  readonly dropped: number;
  /** Occurrences of the alarms left behind: nothing will end them any more. */
  readonly orphaned: readonly string[];
}

/**
 * Evaluates rules over points, faults, presence and ticks in log order.
 *
 * Deterministic: it reads no clock, so the same batches, however split, give the same transitions.
 */
export interface Engine {
  readonly process: (batch: InputBatch) => AlarmTransition[];
  /**
   * Takes the rules from here on. State of rules with the same id and version is kept; alarms of those that are
   * gone or changed end, and the transitions that end them are returned.
   */
  readonly replaceRules: (rules: readonly CompiledRule[]) => AlarmTransition[];
  readonly snapshot: () => Uint8Array<ArrayBuffer>;
  /** Into a fresh engine only. Throws RULES_SNAPSHOT_INVALID for bytes that are no snapshot of this version. */
  readonly restore: (
    bytes: Uint8Array,
    resolveDevice: (deviceId: string) => DeviceRef | undefined,
  ) => RestoreResult;
  /** Alarms whose condition stands, acknowledged or not. */
  readonly activeCount: () => number;
  readonly stats: () => EngineStats;
}

export interface EngineOptions {
  /** A row holds at most this many points back for rules with `reorderMs`. */
  readonly maxHeldPerRow: number;
}
