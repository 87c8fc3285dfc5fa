import { connect, type Socket } from 'node:net';
import {
  connectFrame,
  createAnswerReader,
  createTelemetryFrames,
  PINGREQ,
  publishFrame,
  setDup,
} from './frames.ts';

export interface LoadDevice {
  readonly id: string;
  readonly username: string;
  readonly password: string;
}

export interface DeviceSettings {
  readonly port: number;
  readonly window: number;
  readonly keepaliveSeconds: number;
  /** Comes back after a lost connection and sends again what was not acknowledged. */
  readonly comesBack: boolean;
  /** Sends a new message for every one that is acknowledged. */
  readonly isClosedLoop: boolean;
  /** Keeps the time of each acknowledged message. */
  readonly remembers: boolean;
}

export interface DeviceCounts {
  sent: number;
  resent: number;
  acknowledged: number;
  disconnects: number;
  faultsSent: number;
  faultsAcknowledged: number;
}

/** One device over a raw socket: at most `window` messages wait for their acknowledgement. */
export interface Device {
  readonly counts: DeviceCounts;
  readonly isConnected: boolean;
  /** Times of the acknowledged messages, if it remembers. */
  readonly acknowledgedTs: readonly number[];
  connect(): void;
  /** Lets a closed loop run. */
  go(): void;
  /** Sends up to that many messages now; gives how many the window and the connection allowed. */
  publish(count: number): number;
  fault(payload: string): void;
  ping(): void;
  /** No new messages from here on. */
  finish(): void;
  readonly waiting: number;
  close(): void;
}

const RETRY_MS = 150;
const CONNECT_TIMEOUT_MS = 5_000;

export function createDevice(device: LoadDevice, settings: DeviceSettings): Device {
  const { window } = settings;
  const frames = createTelemetryFrames(`devices/${device.id}/telemetry`, window);
  const isBusy = new Uint8Array(window);
  const tsOf = new Float64Array(window);
  const faults = new Map<number, Buffer>();
  const acknowledgedTs: number[] = [];
  const counts: DeviceCounts = {
    sent: 0,
    resent: 0,
    acknowledged: 0,
    disconnects: 0,
    faultsSent: 0,
    faultsAcknowledged: 0,
  };
  const login = connectFrame({
    clientId: `bench-${device.id}`,
    username: device.username,
    password: device.password,
    keepaliveSeconds: settings.keepaliveSeconds,
  });
  let socket: Socket | null = null;
  let isConnected = false;
  let isRunning = false;
  let isClosed = false;
  let nextSlot = 0;
  let waiting = 0;
  let lastTs = 0;
  let faultId = window;

  function writeSlots(from: number, to: number): void {
    if (to > from) socket?.write(frames.bytes.subarray(from * frames.frameBytes, to * frames.frameBytes));
  }

  function publish(count: number): number {
    if (!isConnected) return 0;
    let from = nextSlot;
    let sent = 0;
    const nowMs = Date.now();
    while (sent < count && isBusy[nextSlot] === 0) {
      lastTs = nowMs > lastTs ? nowMs : lastTs + 1;
      tsOf[nextSlot] = lastTs;
      frames.renew(nextSlot, lastTs);
      isBusy[nextSlot] = 1;
      sent += 1;
      nextSlot += 1;
      if (nextSlot === window) {
        writeSlots(from, window);
        nextSlot = 0;
        from = 0;
      }
    }
    writeSlots(from, nextSlot);
    waiting += sent;
    counts.sent += sent;
    return sent;
  }

  /** In the order they were first sent, as the protocol asks. */
  function sendAgain(): void {
    for (let ahead = 0; ahead < window; ahead++) {
      const slot = (nextSlot + ahead) % window;
      if (isBusy[slot] === 0) continue;
      setDup(frames.bytes, slot * frames.frameBytes, true);
      counts.resent += 1;
      writeSlots(slot, slot + 1);
    }
    for (const frame of faults.values()) {
      setDup(frame, 0, true);
      counts.resent += 1;
      socket?.write(frame);
    }
  }

  function acknowledged(packetId: number): void {
    if (packetId > window) {
      if (faults.delete(packetId)) counts.faultsAcknowledged += 1;
      return;
    }
    const slot = packetId - 1;
    if (isBusy[slot] !== 1) return;
    isBusy[slot] = 0;
    waiting -= 1;
    counts.acknowledged += 1;
    if (settings.remembers) acknowledgedTs.push(tsOf[slot] ?? 0);
  }

  function lost(): void {
    socket = null;
    if (isClosed) return;
    if (isConnected) counts.disconnects += 1;
    isConnected = false;
    if (settings.comesBack) setTimeout(open, RETRY_MS);
  }

  function open(): void {
    if (isClosed) return;
    const opened = connect({ host: '127.0.0.1', port: settings.port, noDelay: true });
    const timer = setTimeout(() => opened.destroy(), CONNECT_TIMEOUT_MS);
    const read = createAnswerReader({
      connected(returnCode) {
        if (returnCode !== 0) return;
        clearTimeout(timer);
        isConnected = true;
        sendAgain();
      },
      acknowledged,
    });
    socket = opened;
    opened.on('connect', () => opened.write(login));
    opened.on('data', (chunk) => {
      read(chunk);
      if (isRunning && settings.isClosedLoop) publish(window);
    });
    opened.on('error', () => undefined);
    opened.on('close', () => {
      clearTimeout(timer);
      lost();
    });
  }

  return {
    counts,
    acknowledgedTs,
    get isConnected() {
      return isConnected;
    },
    get waiting() {
      return waiting + faults.size;
    },
    connect: open,
    go() {
      isRunning = true;
      publish(window);
    },
    publish,
    fault(payload) {
      faultId = faultId >= 65_535 ? window + 1 : faultId + 1;
      const frame = publishFrame(`devices/${device.id}/fault`, faultId, Buffer.from(payload));
      faults.set(faultId, frame);
      counts.faultsSent += 1;
      if (isConnected) socket?.write(frame);
    },
    ping() {
      if (isConnected) socket?.write(PINGREQ);
    },
    finish() {
      isRunning = false;
    },
    close() {
      isClosed = true;
      socket?.destroy();
    },
  };
}
