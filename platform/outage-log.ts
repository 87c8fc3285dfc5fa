import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from './log.ts';

const PROBE_EVERY_MS = 1_000;

/** Tells once that a server is away, and once that it is back, however many errors there are. */
export interface OutageLog {
  report(error: Error): void;
  /** Call it before what `probe` asks is closed. */
  close(): Promise<void>;
}

interface OutageLogConfig {
  /** What is away, and what that means meanwhile: words of the log line. */
  readonly name: string;
  readonly meanwhile: string;
  /** Resolves when the server answers. */
  readonly probe: () => Promise<unknown>;
}

export function createOutageLog(log: Logger, { name, meanwhile, probe }: OutageLogConfig): OutageLog {
  const closing = new AbortController();
  let outage: Promise<void> | undefined;

  async function untilBack(): Promise<void> {
    while (!closing.signal.aborted) {
      await wait(PROBE_EVERY_MS, undefined, { signal: closing.signal }).catch(() => undefined);
      const isBack = await probe().then(
        () => true,
        () => false,
      );
      if (isBack) break;
    }
    outage = undefined;
    if (!closing.signal.aborted) log.info(`${name} is back`);
  }

  return {
    report: (error) => {
      if (outage !== undefined || closing.signal.aborted) return log.debug({ err: error }, `${name}: error`);
      log.warn({ err: error }, `${name} is away: ${meanwhile}`);
      outage = untilBack();
    },
    close: async () => {
      closing.abort();
      await outage;
    },
  };
}
