import { type LoggedCall, ocppTimeMs } from '#contracts/ocpp.ts';
import type { DeviceRef } from '#contracts/point-batch.ts';
import type { Clock } from '#platform/clock.ts';
import type { Logger } from '#platform/log.ts';
import type { BootGate } from '../boot-gate.ts';
import type { Counters } from '../refusals.ts';
import type { SessionsRunning } from '../sessions-running.ts';
import type { TransactionStarts } from '../transaction-starts.ts';

export interface ActionDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: Counters;
  readonly gate: BootGate;
  readonly sessions: SessionsRunning;
  readonly starts: TransactionStarts;
  readonly heartbeatIntervalS: number;
  readonly bootRetryS: number;
  /** The station has restarted. */
  readonly booted: (device: DeviceRef) => void;
  /** A connector, or the station as a whole, has told its status. */
  readonly reported: (device: DeviceRef, component: string) => void;
}

/** What a call means to us. */
export interface Meaning {
  /** The payload as it is logged, without what concerns people; absent: nothing of it is data. */
  readonly kept?: object;
  /** What `reply` promises and must be found again. */
  readonly promised?: LoggedCall[2];
  /** The CALLRESULT's payload; made when what is kept is on disk. */
  reply(): object;
}

/** One action of OCPP 1.6 that stations call. The payload has passed its schema. */
export type Action = (deps: ActionDeps, device: DeviceRef, payload: object) => Meaning | Promise<Meaning>;

/** An action that is kept and answered with nothing. */
export const keepOnly: Action = (_deps, _device, payload) => ({ kept: payload, reply: () => ({}) });

/** When it was said: as the station dates it, but never after its arrival. */
export function saidAtMs(timestamp: string | undefined, arrivedAtMs: number): number {
  const atMs = ocppTimeMs(timestamp);
  return Number.isNaN(atMs) ? arrivedAtMs : Math.min(atMs, arrivedAtMs);
}
