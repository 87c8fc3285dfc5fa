import { type DeviceKind, METRICS } from '#contracts/metrics.ts';
import type { DeviceRef, PointBatch } from '#contracts/point-batch.ts';
import type { Bus } from '#platform/bus/bus.ts';
import type { Logger } from '#platform/log.ts';
import { type LiveItem, VALUES, WATCHED, watchedOf } from './live-item.ts';

/** Values of one component that came since the last telling. */
interface Fresh {
  observedAtMs: number;
  values: Record<string, number> | null;
}

interface Place {
  readonly batch: PointBatch;
  readonly point: number;
}

interface WatchedDevice {
  /** Sweeps that it outlives without being asked for again. */
  rounds: number;
  readonly components: Map<string, Fresh>;
}

export interface LiveSource extends Disposable {
  onPoints(batch: PointBatch): void;
}

export const ANNOUNCE_MS = 5_000;
const TELL_MS = 1_000;
const ROUNDS = 3;
const MAX_WATCHED = 5_000;
const ITEMS_A_MESSAGE = 200;

function note({ components }: WatchedDevice, kind: DeviceKind, { batch, point }: Place): void {
  const component = batch.component[point] ?? '';
  const observedAtMs = batch.observedAtMs[point] ?? 0;
  const fresh = components.get(component) ?? { observedAtMs: 0, values: null };
  if (observedAtMs < fresh.observedAtMs) return;
  const metrics = METRICS[kind];
  const values = fresh.values ?? {};
  const end = batch.valueStart[point + 1] ?? 0;
  for (let at = batch.valueStart[point] ?? 0; at < end; at++) {
    const name = metrics[batch.metric[at] ?? -1]?.name;
    if (name !== undefined) values[name] = batch.value[at] ?? 0;
  }
  components.set(component, { observedAtMs, values });
}

export interface LiveSourceDeps {
  readonly bus: Bus;
  readonly log: Logger;
  /** Ids of no device take no place. */
  readonly findDevice: (deviceId: string) => DeviceRef | undefined;
}

/** Tells the values of the devices that somebody on any node looks at; costs nothing while nobody looks. */
export function createLiveSource({ bus, log, findDevice }: LiveSourceDeps): LiveSource {
  const watched = new Map<string, WatchedDevice>();
  let teller: NodeJS.Timeout | null = null;
  let sweeper: NodeJS.Timeout | null = null;
  let isFull = false;

  function watch(deviceId: string): void {
    const known = watched.get(deviceId);
    if (known !== undefined) {
      known.rounds = ROUNDS;
    } else if (findDevice(deviceId) === undefined) {
      return;
    } else if (watched.size < MAX_WATCHED) {
      watched.set(deviceId, { rounds: ROUNDS, components: new Map() });
    } else if (!isFull) {
      isFull = true;
      log.warn({ devices: MAX_WATCHED }, 'more devices are watched than live values are told of');
    }
  }

  function sweep(): void {
    for (const [deviceId, device] of watched) {
      device.rounds -= 1;
      if (device.rounds < 0) watched.delete(deviceId);
    }
    isFull = watched.size >= MAX_WATCHED;
    if (watched.size > 0 || sweeper === null) return;
    clearInterval(sweeper);
    sweeper = null;
  }

  function take(): LiveItem[] {
    const items: LiveItem[] = [];
    for (const [deviceId, { components }] of watched) {
      for (const [component, fresh] of components) {
        const { observedAtMs, values } = fresh;
        if (values !== null) items.push({ deviceId, component, observedAtMs, values });
        fresh.values = null;
      }
    }
    return items;
  }

  function tell(): void {
    teller = null;
    const items = take();
    for (let at = 0; at < items.length; at += ITEMS_A_MESSAGE) {
      bus.publish(VALUES, { items: items.slice(at, at + ITEMS_A_MESSAGE) });
    }
  }

  const stop = bus.subscribe(WATCHED, (payload) => {
    for (const deviceId of watchedOf(payload)) watch(deviceId);
    sweeper ??= setInterval(sweep, ANNOUNCE_MS).unref();
  });

  return {
    onPoints(batch) {
      if (watched.size === 0) return;
      let isFresh = false;
      for (let point = 0; point < batch.count; point++) {
        const ref = batch.device[point];
        const device = ref === undefined ? undefined : watched.get(ref.id);
        if (ref === undefined || device === undefined) continue;
        note(device, ref.kind, { batch, point });
        isFresh = true;
      }
      if (isFresh) teller ??= setTimeout(tell, TELL_MS).unref();
    },
    [Symbol.dispose]() {
      stop();
      if (teller !== null) clearTimeout(teller);
      if (sweeper !== null) clearInterval(sweeper);
      watched.clear();
    },
  };
}
