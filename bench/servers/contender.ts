import type { LoadDevice } from '../load/device.ts';

/** What every contender of the pipeline benchmark is asked before the load. */
export interface ContenderSettings {
  readonly folder: string;
  readonly devices: number;
  readonly rules: number;
}

export interface ContenderReady {
  readonly port: number;
  readonly devices: readonly LoadDevice[];
}

/** What it is told after the load. */
export interface FinishSettings {
  /** Messages that were acknowledged. */
  readonly expected: number;
}

/** What it tells then. */
export interface ContenderResult {
  /** Messages that reached the end of the contender's path. */
  readonly out: number;
  /** Processor time since `begin`, of everything that belongs to the contender. */
  readonly cpuUs: number;
  /** From `finish` until the last message had arrived. */
  readonly drainMs: number;
  readonly failures: readonly string[];
}

/** µs of processor time of this process since the call. */
export function startCpuClock(): () => number {
  const before = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };
}
