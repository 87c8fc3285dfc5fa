import type { PointBatch } from '#contracts/point-batch.ts';
import { createLiveSource, type LiveSourceDeps } from './live-source.ts';
import { createLiveWatchers, type Watcher } from './live-watchers.ts';

/**
 * Newest values on their way to whoever looks, across nodes, lossy: each component of a device at most once a
 * second.
 */
export interface LiveValues extends AsyncDisposable {
  /** On the hot path, for every batch; does nothing unless somebody watches one of its devices. */
  onPoints(batch: PointBatch): void;
  watch(deviceIds: readonly string[]): Watcher;
}

export function createLiveValues(deps: LiveSourceDeps): LiveValues {
  const source = createLiveSource(deps);
  const watchers = createLiveWatchers(deps);
  return {
    onPoints: source.onPoints,
    watch: watchers.watch,
    [Symbol.asyncDispose]: async () => {
      watchers[Symbol.dispose]();
      source[Symbol.dispose]();
    },
  };
}
