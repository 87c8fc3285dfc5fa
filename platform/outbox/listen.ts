import pg from 'pg';
import type { Logger } from '../log.ts';

const FIRST_RETRY_MS = 50;
const MAX_RETRY_MS = 2_000;

interface Listening {
  readonly channel: string;
  /** Also called after each (re)connection, for what was missed: then without a payload. */
  readonly onNotify: (payload?: string) => void;
}

/**
 * Keeps one connection of its own that hears notifications on a channel, and makes it again whenever it dies.
 * Resolves at once: connecting goes on behind it.
 */
export function startListening(
  { pool, log }: { pool: pg.Pool; log: Logger },
  { channel, onNotify }: Listening,
): AsyncDisposable {
  let stopped = false;
  let client: pg.Client | undefined;
  let retry: NodeJS.Timeout | undefined;
  let retryMs = FIRST_RETRY_MS;
  let connecting = Promise.resolve();

  const reconnect = (lost: pg.Client, error?: Error) => {
    if (stopped || client !== lost) return;
    client = undefined;
    log.warn({ err: error, channel, retryMs }, 'connection for notifications lost');
    retry = setTimeout(start, retryMs);
    retryMs = Math.min(retryMs * 2, MAX_RETRY_MS);
  };
  const connect = async () => {
    const next = new pg.Client({ ...pool.options, keepAlive: true, application_name: `listen ${channel}` });
    client = next;
    next.on('error', (error) => reconnect(next, error));
    next.on('end', () => reconnect(next));
    next.on('notification', ({ payload }) => onNotify(payload));
    try {
      await next.connect();
      await next.query(`listen ${next.escapeIdentifier(channel)}`);
      retryMs = FIRST_RETRY_MS;
      onNotify();
    } catch (error) {
      reconnect(next, error instanceof Error ? error : undefined);
      await next.end().catch(() => undefined);
    }
  };
  const start = () => {
    if (!stopped) connecting = connect();
  };

  start();
  return {
    [Symbol.asyncDispose]: async () => {
      stopped = true;
      clearTimeout(retry);
      await connecting;
      await client?.end().catch(() => undefined);
    },
  };
}
