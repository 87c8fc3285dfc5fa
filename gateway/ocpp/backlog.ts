/** How many calls of all stations are in hand. */
export interface Backlog {
  entered(): void;
  left(): void;
  /** Resolves once none is, or when the time is up. */
  drained(withinMs: number): Promise<void>;
}

export function createBacklog(): Backlog {
  let count = 0;
  let onEmpty: (() => void) | undefined;
  return {
    entered: () => {
      count += 1;
    },
    left: () => {
      count -= 1;
      if (count === 0) onEmpty?.();
    },
    drained: (withinMs) =>
      new Promise((resolve) => {
        if (count === 0) return resolve();
        const timer = setTimeout(resolve, withinMs);
        onEmpty = () => {
          clearTimeout(timer);
          resolve();
        };
      }),
  };
}
