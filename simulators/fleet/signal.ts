/** Wakes whoever waits. A notification that nobody waits for is forgotten. */
export interface Signal {
  notify(): void;
  wait(): Promise<void>;
  /** Waits for a notification, but no longer than `limitMs`. */
  waitAtMost(limitMs: number): Promise<void>;
}

export function createSignal(): Signal {
  const waiters = new Set<() => void>();
  const wait = (): Promise<void> => new Promise((resolve) => waiters.add(resolve));
  return {
    notify() {
      const woken = [...waiters];
      waiters.clear();
      for (const wake of woken) wake();
    },
    wait,
    waitAtMost: (limitMs) =>
      new Promise((resolve) => {
        const wake = (): void => {
          clearTimeout(timer);
          waiters.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, limitMs);
        waiters.add(wake);
      }),
  };
}
