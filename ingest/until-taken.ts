export interface UntilTakenOptions {
  readonly firstWaitMs: number;
  readonly maxWaitMs: number;
  readonly isStopped: () => boolean;
  /** Called once when tries begin to fail, and once when one succeeds again. */
  readonly onAway: (error: Error) => void;
  readonly onBack: () => void;
}

/** Repeats an attempt with growing waits until it succeeds; null where it was stopped first. */
export async function untilTaken<T>(
  attempt: () => Promise<T>,
  options: UntilTakenOptions,
): Promise<T | null> {
  let waitMs = options.firstWaitMs;
  let isAway = false;
  while (!options.isStopped()) {
    try {
      const result = await attempt();
      if (isAway) options.onBack();
      return result;
    } catch (error) {
      if (!isAway)
        options.onAway(error instanceof Error ? error : new Error(String(error), { cause: error }));
      isAway = true;
    }
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    waitMs = Math.min(options.maxWaitMs, waitMs * 2);
  }
  return null;
}
