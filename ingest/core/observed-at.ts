/** A device clock may run this far ahead before what it dates is refused. */
export const MAX_AHEAD_MS = 60_000;

/** The message's own time where it is plausible, else ours. */
export function observedAt(
  ownMs: number | null | undefined,
  { receivedAtMs, oldestMs }: { readonly receivedAtMs: number; readonly oldestMs: number },
): number {
  const isPlausible = typeof ownMs === 'number' && ownMs <= receivedAtMs + MAX_AHEAD_MS && ownMs >= oldestMs;
  return isPlausible ? Math.floor(ownMs) : receivedAtMs;
}
