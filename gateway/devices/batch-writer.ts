/** Rows that wait to be written together; one row a key, later ones merged into it. */
export interface BatchWriter<R> extends AsyncDisposable {
  put(key: string, row: R): void;
  /** Writes what is waiting now; resolves when it is written or has failed once. */
  flush(): Promise<void>;
}

interface Options<R> {
  readonly everyMs: number;
  readonly write: (rows: readonly R[]) => Promise<void>;
  readonly onError: (error: unknown) => void;
  readonly merge: (earlier: R, later: R) => R;
}

const RETRY_MS = 5_000;

/** Rows that fail to be written wait five seconds. */
export function createBatchWriter<R>({ everyMs, write, onError, merge }: Options<R>): BatchWriter<R> {
  let waiting = new Map<string, R>();
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  let isDisposed = false;

  const put = (key: string, row: R) => {
    const earlier = waiting.get(key);
    waiting.set(key, earlier === undefined ? row : merge(earlier, row));
    schedule(everyMs);
  };

  const schedule = (waitMs: number) => {
    if (timer !== undefined || isDisposed) return;
    timer = setTimeout(() => {
      timer = undefined;
      void flush();
    }, waitMs);
    timer.unref();
  };

  const writeBatch = async () => {
    if (waiting.size === 0) return;
    const batch = waiting;
    waiting = new Map();
    try {
      await write([...batch.values()]);
    } catch (error) {
      onError(error);
      const newer = waiting;
      waiting = batch;
      schedule(RETRY_MS);
      for (const [key, row] of newer) put(key, row);
    }
  };

  const flush = () => {
    running = running.then(writeBatch);
    return running;
  };

  return {
    put,
    flush,
    [Symbol.asyncDispose]: async () => {
      isDisposed = true;
      clearTimeout(timer);
      await flush();
    },
  };
}
