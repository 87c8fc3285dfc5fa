import type { Logger } from '../log.ts';

const DEFAULT_LIMIT_MS = 10_000;

/**
 * What has been started, in order, to be stopped in the opposite order. A start that fails half-way is undone by
 * disposing the same stack.
 */
export interface Lifecycle extends AsyncDisposable {
  /** Takes charge of something disposable and gives it back. */
  use<T extends AsyncDisposable | Disposable>(name: string, disposable: T, limitMs?: number): T;
  /** Calls `stop` when its turn comes. */
  defer(name: string, stop: () => void | Promise<void>, limitMs?: number): void;
  /**
   * Stops everything, last first, each within its time limit (10 s); one that fails or takes longer is logged
   * and does not keep the others from stopping. The errors come back. A second call waits for the first.
   */
  dispose(): Promise<readonly unknown[]>;
}

interface Entry {
  readonly name: string;
  readonly stop: () => unknown;
  readonly limitMs: number;
}

export function createLifecycle(log: Logger): Lifecycle {
  const entries: Entry[] = [];
  let disposing: Promise<readonly unknown[]> | undefined;

  const push = (entry: Entry) => {
    entries.push(entry);
    if (disposing !== undefined) disposing = disposing.then((errors) => stopAll(entries, log, errors));
  };
  const dispose = () => {
    disposing ??= stopAll(entries, log, []);
    return disposing;
  };
  return {
    use: (name, disposable, limitMs = DEFAULT_LIMIT_MS) => {
      push({ name, stop: () => stopOf(disposable), limitMs });
      return disposable;
    },
    defer: (name, stop, limitMs = DEFAULT_LIMIT_MS) => push({ name, stop, limitMs }),
    dispose,
    [Symbol.asyncDispose]: async () => {
      await dispose();
    },
  };
}

function stopOf(disposable: AsyncDisposable | Disposable): unknown {
  return Symbol.asyncDispose in disposable ? disposable[Symbol.asyncDispose]() : disposable[Symbol.dispose]();
}

async function stopAll(
  entries: Entry[],
  log: Logger,
  before: readonly unknown[],
): Promise<readonly unknown[]> {
  const errors = [...before];
  for (let entry = entries.pop(); entry !== undefined; entry = entries.pop()) {
    try {
      await stopInTime(entry, log);
    } catch (error) {
      log.error({ err: error, name: entry.name }, 'did not stop cleanly');
      errors.push(error);
    }
  }
  return errors;
}

async function stopInTime({ name, stop, limitMs }: Entry, log: Logger): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const stopping = (async () => stop())();
  const limit = new Promise<'late'>((resolve) => {
    timer = setTimeout(resolve, limitMs, 'late');
  });
  const outcome = await Promise.race([stopping, limit]).finally(() => clearTimeout(timer));
  if (outcome === 'late') {
    stopping.catch((error) => log.error({ err: error, name }, 'did not stop cleanly'));
    log.error({ name, limitMs }, 'did not stop in time, going on without it');
  }
}
