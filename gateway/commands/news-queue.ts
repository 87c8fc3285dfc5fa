import type { Logger } from '#platform/log.ts';
import type { CommandNews } from './change-commands.ts';

/** News that waits to be written, in the order it came; what the database does not take now waits on. */
export interface NewsQueue {
  put(news: CommandNews): void;
  /** Writes what waits, once; what fails then is lost and ends by its deadline. */
  close(): Promise<void>;
}

interface NewsQueueDeps {
  readonly log: Logger;
  readonly take: (news: readonly CommandNews[]) => Promise<void>;
}

const TAKEN_AT_ONCE = 500;
const RETRY_MS = 1_000;

export function createNewsQueue({ log, take }: NewsQueueDeps): NewsQueue {
  const waiting: CommandNews[] = [];
  let running: Promise<void> | undefined;
  let retry: NodeJS.Timeout | undefined;
  let isClosed = false;
  const drain = async () => {
    try {
      while (waiting.length > 0) {
        const batch = waiting.slice(0, TAKEN_AT_ONCE);
        await take(batch);
        waiting.splice(0, batch.length);
      }
    } catch (error) {
      log.warn({ err: error }, 'answers to commands are not written yet; trying again');
      if (!isClosed) retry = setTimeout(flush, RETRY_MS);
    }
    running = undefined;
  };
  const flush = () => {
    retry = undefined;
    running ??= drain();
    return running;
  };
  return {
    put: (news) => {
      waiting.push(news);
      if (retry === undefined && !isClosed) void flush();
    },
    close: async () => {
      isClosed = true;
      clearTimeout(retry);
      await running;
      await flush();
    },
  };
}
