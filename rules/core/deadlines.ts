import type { Lane } from './lane-state.ts';
import { skewMs } from './rows.ts';

/** Makes sure that the row is looked at when its event clock reaches `dueMs`. */
export function arm(lane: Lane, row: number, dueMs: number): void {
  const { rows } = lane;
  if (dueMs === Number.POSITIVE_INFINITY) return;
  if (dueMs < (rows.dueMs[row] ?? 0)) rows.dueMs[row] = dueMs;
  queueWake(lane, row);
}

/** Queues the wake-up of a row with a deadline, unless one at that time or earlier is queued. */
export function queueWake(lane: Lane, row: number): void {
  const { rows } = lane;
  const wakeMs = (rows.dueMs[row] ?? 0) + skewMs(rows, row) + lane.reorderMs;
  if (wakeMs >= (rows.wakeMs[row] ?? 0)) return;
  rows.wakeMs[row] = wakeMs;
  lane.heap.push(wakeMs, row);
}

/** Makes sure that the row is looked at when those values have been missed for long enough. */
export function armAbsences(
  lane: Lane,
  row: number,
  absences: readonly { readonly metric: number; readonly forMs: number }[],
): void {
  for (const { metric, forMs } of absences) {
    const dueMs = lane.view.missedSince(row, metric) + forMs;
    if (dueMs < (lane.rows.dueMs[row] ?? 0)) arm(lane, row, dueMs);
  }
}
