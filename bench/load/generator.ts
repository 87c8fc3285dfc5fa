import { answer } from '../support/children.ts';
import { createDevice, type Device, type DeviceCounts, type LoadDevice } from './device.ts';

export interface LoadSettings {
  readonly port: number;
  readonly devices: readonly LoadDevice[];
  readonly window: number;
  readonly keepaliveSeconds: number;
  readonly comesBack: boolean;
  readonly remembers: boolean;
  /** Messages a second over all devices, whatever becomes of them; null: as fast as they are acknowledged. */
  readonly ratePerSec: number | null;
}

export interface LoadCounts extends DeviceCounts {
  /** Messages of the schedule that no connection could take. */
  notSent: number;
  connected: number;
  waiting: number;
  elapsedMs: number;
  /** Processor time since `go`. */
  cpuUs: number;
}

const TURN_MS = 5;
const POLL_MS = 20;
const PINGS_A_KEEPALIVE = 2;

let devices: Device[] = [];
let settings: LoadSettings | null = null;
let startedAt = 0;
let cpuAtStart = process.cpuUsage();
let notSent = 0;
let pacer: NodeJS.Timeout | undefined;
let pinger: NodeJS.Timeout | undefined;

function total(): LoadCounts {
  const { user, system } = process.cpuUsage(cpuAtStart);
  const sum = (name: keyof DeviceCounts) => devices.reduce((all, { counts }) => all + counts[name], 0);
  return {
    sent: sum('sent'),
    resent: sum('resent'),
    acknowledged: sum('acknowledged'),
    disconnects: sum('disconnects'),
    faultsSent: sum('faultsSent'),
    faultsAcknowledged: sum('faultsAcknowledged'),
    notSent,
    connected: devices.filter((device) => device.isConnected).length,
    waiting: devices.reduce((all, { waiting }) => all + waiting, 0),
    elapsedMs: startedAt === 0 ? 0 : performance.now() - startedAt,
    cpuUs: user + system,
  };
}

function until(isSo: () => boolean, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  return new Promise((resolve) => {
    const look = () => {
      if (isSo()) resolve(true);
      else if (performance.now() > deadline) resolve(false);
      else setTimeout(look, POLL_MS);
    };
    look();
  });
}

/** Offers messages on schedule, a device after the other. */
function pace(ratePerSec: number): void {
  let offered = 0;
  let turn = 0;
  pacer = setInterval(() => {
    const due = Math.floor(((performance.now() - startedAt) * ratePerSec) / 1_000);
    for (; offered < due; offered++) {
      if (devices[turn]?.publish(1) !== 1) notSent += 1;
      turn = (turn + 1) % devices.length;
    }
  }, TURN_MS);
}

/** The load generator: devices over raw sockets in a process of their own. */
export function runGenerator(): void {
  answer(
    {
      async connect(given: LoadSettings) {
        settings = given;
        const isClosedLoop = given.ratePerSec === null;
        devices = given.devices.map((device) => createDevice(device, { ...given, isClosedLoop }));
        for (const device of devices) device.connect();
        pinger = setInterval(
          () => {
            for (const device of devices) device.ping();
          },
          (given.keepaliveSeconds * 1_000) / PINGS_A_KEEPALIVE,
        );
        await until(() => devices.every((device) => device.isConnected), 60_000);
        return total();
      },
      go() {
        startedAt = performance.now();
        cpuAtStart = process.cpuUsage();
        if (settings?.ratePerSec != null) pace(settings.ratePerSec);
        else for (const device of devices) device.go();
      },
      fault({ indexes, payload }: { indexes: readonly number[]; payload: string }) {
        for (const index of indexes) devices[index]?.fault(payload);
      },
      counts: total,
      connected: ({ withinMs }: { withinMs: number }) =>
        until(() => devices.every((device) => device.isConnected), withinMs),
      async finish({ withinMs }: { withinMs: number }) {
        clearInterval(pacer);
        for (const device of devices) device.finish();
        await until(() => devices.every((device) => device.waiting === 0), withinMs);
        return total();
      },
      remembered: () => devices.map((device) => Float64Array.from(device.acknowledgedTs)),
    },
    async () => {
      clearInterval(pacer);
      clearInterval(pinger);
      for (const device of devices) device.close();
    },
  );
}
