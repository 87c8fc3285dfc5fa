import type { Bus } from '#platform/bus/bus.ts';
import { AftercareError } from '#platform/errors.ts';
import { type Bell, createBell } from '#platform/sse/events-route.ts';
import { itemsOf, type LiveItem, merge, VALUES, WATCHED } from './live-item.ts';
import { ANNOUNCE_MS } from './live-source.ts';

/** Somebody who looks at some devices. `take` gives what came since it was last called, merged. */
export interface Watcher {
  readonly bell: Bell;
  take(): LiveItem[];
  close(): void;
}

export interface LiveWatchers extends Disposable {
  /** LIVE_TOO_MANY_WATCHERS past the bound. */
  watch(deviceIds: readonly string[]): Watcher;
}

/** Streams of one node, at most. */
const MAX_WATCHERS = 500;

/** Devices asked for in one message. */
const IDS_A_MESSAGE = 500;

interface Pending {
  readonly bell: Bell;
  items: Map<string, LiveItem>;
}

/** Tells the owners of devices, again and again, which are looked at here, and hands their values on. */
export function createLiveWatchers({ bus }: { readonly bus: Bus }): LiveWatchers {
  const byDevice = new Map<string, Set<Pending>>();
  const open = new Set<Pending>();
  let stopListening: (() => void) | null = null;
  let announcer: NodeJS.Timeout | null = null;

  function announce(deviceIds: readonly string[]): void {
    for (let at = 0; at < deviceIds.length; at += IDS_A_MESSAGE) {
      bus.publish(WATCHED, { deviceIds: deviceIds.slice(at, at + IDS_A_MESSAGE) });
    }
  }

  function take(payload: unknown): void {
    for (const item of itemsOf(payload)) {
      const key = `${item.deviceId} ${item.component}`;
      for (const pending of byDevice.get(item.deviceId) ?? []) {
        pending.items.set(key, merge(pending.items.get(key), item));
        pending.bell.ring();
      }
    }
  }

  function start(): void {
    stopListening ??= bus.subscribe(VALUES, take);
    announcer ??= setInterval(() => announce([...byDevice.keys()]), ANNOUNCE_MS).unref();
  }

  function stop(): void {
    stopListening?.();
    stopListening = null;
    if (announcer !== null) clearInterval(announcer);
    announcer = null;
  }

  function leave(pending: Pending, deviceIds: readonly string[]): void {
    pending.bell.close();
    open.delete(pending);
    for (const deviceId of deviceIds) {
      const watchers = byDevice.get(deviceId);
      watchers?.delete(pending);
      if (watchers?.size === 0) byDevice.delete(deviceId);
    }
    if (open.size === 0) stop();
  }

  return {
    watch(deviceIds) {
      if (open.size >= MAX_WATCHERS) {
        throw new AftercareError(
          'LIVE_TOO_MANY_WATCHERS',
          `${MAX_WATCHERS} streams of live values are open here: try again later`,
          { kind: 'too_many' },
        );
      }
      const pending: Pending = { bell: createBell(), items: new Map() };
      open.add(pending);
      for (const deviceId of deviceIds) {
        const watchers = byDevice.get(deviceId) ?? new Set();
        byDevice.set(deviceId, watchers.add(pending));
      }
      start();
      announce(deviceIds);
      return {
        bell: pending.bell,
        take() {
          const items = [...pending.items.values()];
          pending.items = new Map();
          return items;
        },
        close: () => leave(pending, deviceIds),
      };
    },
    [Symbol.dispose]() {
      stop();
      for (const { bell } of open) bell.close();
      open.clear();
      byDevice.clear();
    },
  };
}
