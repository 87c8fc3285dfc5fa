interface Coalesced {
  request(): void;
  /** Waits for the run in hand; later requests do nothing. */
  close(): Promise<void>;
}

/** Runs one at a time; requests made during a run become one further run. */
export function coalesce(run: () => Promise<void>, onError: (error: unknown) => void): Coalesced {
  let isRequested = false;
  let isClosed = false;
  let running: Promise<void> | undefined;
  const drain = async () => {
    while (isRequested && !isClosed) {
      isRequested = false;
      await run().catch(onError);
    }
    running = undefined;
  };
  return {
    request: () => {
      isRequested = true;
      running ??= drain();
    },
    close: async () => {
      isClosed = true;
      await running;
    },
  };
}
