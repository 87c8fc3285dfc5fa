/** Runs `act` after `ms`; what `gather` waits with. */
export type Schedule = (act: () => void, ms: number) => void;

/**
 * Hands on what was added in one set: the first at once, what follows within `everyMs` together at its end. So a
 * storm of events costs one refetch a resource and an interval.
 */
export function createGather<T>(
  flush: (items: ReadonlySet<T>) => void,
  { everyMs, schedule }: { readonly everyMs: number; readonly schedule: Schedule },
): (items: readonly T[]) => void {
  let waiting = new Set<T>();
  let isResting = false;
  const hand = () => {
    if (waiting.size === 0) {
      isResting = false;
      return;
    }
    const items = waiting;
    waiting = new Set();
    isResting = true;
    schedule(hand, everyMs);
    flush(items);
  };
  return (items) => {
    for (const item of items) waiting.add(item);
    if (!isResting) hand();
  };
}
