import type { DeviceRef } from '#contracts/point-batch.ts';
import type { EngineOptions } from './engine-types.ts';
import type { FaultBook } from './fault-alarms.ts';
import type { Lane } from './lane-state.ts';

/** All that an engine remembers. Lanes ascend by `reorderMs`; the first is the one of 0. */
export interface EngineState {
  lanes: Lane[];
  readonly book: FaultBook;
  readonly counts: { points: number; backfilled: number; ahead: number; stray: number };
  readonly faultsOf: (device: DeviceRef, component: string) => ReadonlyMap<string, number>;
  readonly options: EngineOptions;
}
