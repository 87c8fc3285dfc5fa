/** Calls of one station, handled one after the other in the order of arrival. */
export interface Inbox {
  readonly size: number;
  /** Runs `task` in its turn; rejects without running it once the inbox is closed. */
  push<T>(task: () => Promise<T>): Promise<T>;
  close(): void;
}

/** A station waits for each answer (J-spec 4.1.1): more than this is one that does not, and is read no further. */
const PAUSE_AT = 32;
const RESUME_AT = 8;

/** The call came on a connection that is no more: the station sends it again on the next. */
export class ConnectionGoneError extends Error {}

interface Tap {
  pause(): void;
  resume(): void;
}

export function createInbox(tap: Tap): Inbox {
  let last: Promise<unknown> = Promise.resolve();
  let size = 0;
  let isPaused = false;
  let isClosed = false;
  const done = () => {
    size -= 1;
    if (!isPaused || size > RESUME_AT || isClosed) return;
    isPaused = false;
    tap.resume();
  };
  return {
    get size() {
      return size;
    },
    push: (task) => {
      size += 1;
      if (!isPaused && size >= PAUSE_AT) {
        isPaused = true;
        tap.pause();
      }
      const turn = last.then(() => {
        if (isClosed) throw new ConnectionGoneError();
        return task();
      });
      last = turn.then(done, done);
      return turn;
    },
    close: () => {
      isClosed = true;
    },
  };
}
