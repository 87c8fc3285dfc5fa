import { counters, observe, type Values } from './sensors.ts';
import { advance } from './step.ts';
import { createUnit, type UnitSpec, type UnitState } from './unit.ts';

const WARM_UP_MS = 2 * 3_600_000;

/** One look at a unit after it has moved on by `dtMs` of its own time. */
export function step(state: UnitState, dtMs: number): { state: UnitState; values: Values } {
  return observe(advance(state, dtMs));
}

/** A unit that has found its balance by `nowMs`. */
export function settledUnit(spec: UnitSpec, nowMs: number): UnitState {
  return advance(createUnit(spec, nowMs - WARM_UP_MS), WARM_UP_MS);
}

export interface SeriesPoint {
  readonly ts: number;
  readonly values: Values;
}

/** What a unit would have reported, oldest first, at whole steps from `fromMs` (exclusive) to `toMs`. */
export function series(
  unit: UnitState,
  window: { toMs: number; stepMs: number },
): { state: UnitState; points: readonly SeriesPoint[] } {
  const points: SeriesPoint[] = [];
  let state = unit;
  let ts = (Math.floor(unit.nowMs / window.stepMs) + 1) * window.stepMs;
  while (ts <= window.toMs) {
    const seen = step(state, ts - state.nowMs);
    state = seen.state;
    points.push({ ts, values: { ...seen.values, ...counters(state) } });
    ts += window.stepMs;
  }
  return { state: advance(state, window.toMs - state.nowMs), points };
}
