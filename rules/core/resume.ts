import { pauseTimer, schedule } from './alarm-steps.ts';
import { TRUE } from './compiled-rule.ts';
import { arm } from './deadlines.ts';
import { nextDeadline } from './lane.ts';
import type { Lane } from './lane-state.ts';
import { skewMs } from './rows.ts';

/**
 * We have begun to listen at `atMs`. Nothing is known of the time before, since a row's last decision: delays stood
 * still and go on from here, values are missed from here on. So no alarm is raised by our own absence.
 */
export function resume(lane: Lane, atMs: number): void {
  for (let row = 0; row < lane.rows.count; row++) resumeRow(lane, row, atMs - skewMs(lane.rows, row));
}

function resumeRow(lane: Lane, row: number, nowMs: number): void {
  const { rows } = lane;
  const decidedMs = rows.clockMs[row] ?? Number.NEGATIVE_INFINITY;
  if (decidedMs >= nowMs) return;
  const running = (lane.records[row] ?? []).filter(({ sinceMs }) => !Number.isNaN(sinceMs));
  for (const record of running) pauseTimer(record, Math.max(decidedMs, record.sinceMs));
  rows.clockMs[row] = nowMs;
  if (rows.online[row] === TRUE) rows.onlineSinceMs[row] = nowMs;
  if (rows.seenSinceMs[row] !== Number.NEGATIVE_INFINITY) rows.seenSinceMs[row] = nowMs;
  rows.dueMs[row] = Number.POSITIVE_INFINITY;
  for (const record of running) {
    record.sinceMs = nowMs;
    schedule(lane, record, nowMs);
  }
  const heldMs = lane.held[row]?.[0]?.atMs ?? Number.POSITIVE_INFINITY;
  arm(lane, row, Math.min(heldMs, nextDeadline(lane, row, nowMs)));
}
