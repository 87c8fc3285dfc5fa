import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from '../log.ts';

const PROBE_EVERY_MS = 1_000;

/** Tells once that PostgreSQL is away for the jobs, and once that it is back, however many errors there are. */
export interface OutageLog {
  report(error: Error): void;
  /** Call it before what `probe` asks is closed. */
  close(): Promise<void>;
}

/** `probe` resolves when PostgreSQL answers. */
export function createOutageLog(log: Logger, probe: () => Promise<unknown>): OutageLog {
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
    if (!closing.signal.aborted) log.info('job queue is back');
  }

  return {
    report: (error) => {
      if (outage !== undefined || closing.signal.aborted) return log.debug({ err: error }, 'job queue error');
      log.warn({ err: error }, 'job queue is away: jobs wait');
      outage = untilBack();
    },
    close: async () => {
      closing.abort();
      await outage;
    },
  };
}
