import type { AlarmTransition } from '#contracts/alarms.ts';
import type { InputBatch, PointBatch } from '#contracts/point-batch.ts';
import type { CompiledRule } from './compiled-rule.ts';
import type { EngineState } from './engine-state.ts';
import type { Engine, EngineOptions, EngineStats } from './engine-types.ts';
import { createFaultBook } from './fault-alarms.ts';
import { createLane, resolveRow, setRules } from './lane.ts';
import { noteLag, offerPoint, type PointValues } from './lane-flow.ts';
import type { Lane } from './lane-state.ts';
import { findRow } from './rows.ts';
import { BACKFILL_MS, takeSignal } from './signals.ts';
import { restoreEngine, snapshotEngine } from './snapshot.ts';

const AHEAD_MS = 60_000;

/** An engine over those rules; only `active` ones are evaluated. It reads no clock and does no I/O. */
export function createEngine(rules: readonly CompiledRule[], options: EngineOptions): Engine {
  const book = createFaultBook();
  const state: EngineState = {
    lanes: [],
    book,
    counts: { points: 0, backfilled: 0, ahead: 0, stray: 0 },
    faultsOf: (device, component) => book.codesOf(device.id, component),
    options,
  };
  replaceRules(state, rules);
  return {
    process: (batch) => processBatch(state, batch),
    replaceRules: (next) => replaceRules(state, next),
    snapshot: () => snapshotEngine(state),
    restore: (bytes, resolveDevice) => restoreEngine(state, bytes, resolveDevice),
    activeCount: () =>
      state.lanes.reduce((total, { counts }) => total + counts.active, 0) + book.activeCount(),
    stats: () => statsOf(state),
  };
}

function statsOf({ lanes, counts }: EngineState): EngineStats {
  const sum = (name: keyof Lane['counts']) => lanes.reduce((total, lane) => total + lane.counts[name], 0);
  return {
    points: counts.points,
    late: lanes[0]?.counts.late ?? 0,
    backfilled: counts.backfilled,
    ahead: counts.ahead,
    evaluations: sum('evaluations'),
    unknown: sum('unknown'),
    raised: sum('raised'),
    releasedEarly: sum('releasedEarly'),
    strayAcknowledgements: counts.stray,
    devices: lanes[0]?.rows.byId.size ?? 0,
  };
}

/** Rules with the same `reorderMs` share a lane; there is always one for 0, and lanes keep ascending order. */
function replaceRules(state: EngineState, rules: readonly CompiledRule[]): AlarmTransition[] {
  const out: AlarmTransition[] = [];
  const active = rules.filter(({ rule }) => rule.status === 'active');
  const wanted = new Set([0, ...active.map(({ rule }) => rule.reorderMs ?? 0)]);
  const lanes = [...new Set([...wanted, ...state.lanes.map((lane) => lane.reorderMs)])]
    .sort((a, b) => a - b)
    .map(
      (reorderMs) =>
        state.lanes.find((lane) => lane.reorderMs === reorderMs) ??
        createLane({ reorderMs, maxHeldPerRow: state.options.maxHeldPerRow }),
    );
  for (const lane of lanes) {
    lane.out = out;
    setRules(
      lane,
      active.filter(({ rule }) => (rule.reorderMs ?? 0) === lane.reorderMs),
    );
  }
  state.lanes = lanes.filter((lane) => wanted.has(lane.reorderMs));
  return out;
}

function processBatch(state: EngineState, { points, signals }: InputBatch): AlarmTransition[] {
  const out: AlarmTransition[] = [];
  for (const lane of state.lanes) lane.out = out;
  const cursor = { atMs: 0, receivedAtMs: 0, metric: points.metric, value: points.value, start: 0, end: 0 };
  const feed = { state, points, cursor };
  let next = 0;
  for (const signal of signals) {
    for (; next < signal.afterPoint; next++) takePoint(feed, next);
    takeSignal(state, signal, out);
  }
  for (; next < points.count; next++) takePoint(feed, next);
  return out;
}

interface Feed {
  readonly state: EngineState;
  readonly points: PointBatch;
  readonly cursor: PointValues;
}

function takePoint({ state, points, cursor }: Feed, p: number): void {
  const { counts, lanes } = state;
  const atMs = points.observedAtMs[p] ?? 0;
  const receivedAtMs = points.receivedAtMs[p] ?? 0;
  const device = points.device[p];
  const component = points.component[p] ?? '';
  counts.points++;
  if (receivedAtMs - atMs > BACKFILL_MS) counts.backfilled++;
  else if (atMs - receivedAtMs > AHEAD_MS) counts.ahead++;
  else if (device !== undefined) {
    cursor.atMs = atMs;
    cursor.receivedAtMs = receivedAtMs;
    cursor.start = points.valueStart[p] ?? 0;
    cursor.end = points.valueStart[p + 1] ?? 0;
    for (const lane of lanes) {
      const found = findRow(lane.rows, device, component);
      const row = found < 0 ? resolveRow(lane, { device, component }, state.faultsOf) : found;
      noteLag(lane, row, cursor);
      offerPoint(lane, row, cursor);
    }
  }
}
