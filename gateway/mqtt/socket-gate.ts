import type { Socket } from 'node:net';
import type { BrokerClient } from './aedes-internals.ts';
import { createFrameScanner, type ScanVerdict } from './core/frame-scanner.ts';

interface GateHooks {
  readonly maxPacketBytes: number;
  /** While true nothing more is read. */
  isStopped(): boolean;
  /** Messages of this connection that wait for their acknowledgement. */
  withheld(): number;
  withheldBytes(): number;
  /** Pings arrived; tells whether they were answered, else the broker sees them. */
  onPings(count: number): boolean;
  onRefused(verdict: Exclude<ScanVerdict, 'ok'>): void;
}

export interface SocketGate {
  /** Takes over the broker's reading of the socket; called right after the broker has it. */
  drive(client: BrokerClient): void;
}

/** CONNECT holds an id, a name, a password and a will. */
const MAX_CONNECT_BYTES = 32_768;
/** Reading goes on only below this many withheld messages (and the packets of the chunk in hand). */
const MAX_WITHHELD = 1_024;
const MAX_WITHHELD_BYTES = 4_194_304;
const PING_BYTES = 2;

/**
 * Stands between a socket and the broker's parser: no packet over the cap is ever buffered, and pings are seen
 * and answered even while the broker reads nothing because messages are withheld.
 *
 * Looking ahead puts the bytes back into the socket's own bounded buffer, so backpressure and the end of the
 * stream stay where they were.
 */
export function createSocketGate(socket: Socket, hooks: GateHooks): SocketGate {
  const scanner = createFrameScanner(hooks.maxPacketBytes, MAX_CONNECT_BYTES);
  const rawRead = socket.read.bind(socket) as (size?: number) => Buffer | null;
  let lookedAtBytes = 0;

  const take = (): Buffer | null => {
    const chunk = rawRead();
    if (chunk === null) return null;
    const verdict = scanner.scan(chunk, lookedAtBytes);
    lookedAtBytes = 0;
    if (verdict !== 'ok') {
      hooks.onRefused(verdict);
      return null;
    }
    const { pings } = scanner;
    return pings.length > 0 && hooks.onPings(pings.length) ? withoutPings(chunk, pings) : chunk;
  };

  const lookAhead = () => {
    const chunk = take();
    if (chunk === null || chunk.length === 0) return;
    socket.unshift(chunk);
    lookedAtBytes = chunk.length;
  };

  socket.read = (size?: number) => {
    if (size === 0) return rawRead(0);
    return hooks.isStopped() ? null : take();
  };

  return {
    drive: (client) => {
      socket.removeListener('readable', client._nextBatch);
      socket.on('readable', () => {
        if (hooks.isStopped()) return;
        const isFull = hooks.withheld() >= MAX_WITHHELD || hooks.withheldBytes() >= MAX_WITHHELD_BYTES;
        if (!isFull) client._nextBatch();
        if (hooks.withheld() > 0 && socket.readableLength > lookedAtBytes) lookAhead();
      });
    },
  };
}

function withoutPings(chunk: Buffer, pings: readonly number[]): Buffer {
  const parts: Buffer[] = [];
  let from = 0;
  for (const at of pings) {
    parts.push(chunk.subarray(from, at));
    from = at + PING_BYTES;
  }
  parts.push(chunk.subarray(from));
  return Buffer.concat(parts);
}
