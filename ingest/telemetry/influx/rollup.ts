import { type DeviceKind, METRICS } from '#contracts/metrics.ts';
import type { Db } from '#platform/db/db.ts';
import { MAX_AHEAD_MS } from '../../core/observed-at.ts';
import { HOUR_MS, MINUTE_MS, measurementOf } from './measurements.ts';
import { createRollupLines, fieldsOf, type RollupLinesDeps } from './rollup-lines.ts';
import type { Bucket, RollupMemory, SummedSeries } from './rollup-memory.ts';
import { type Rolled, rollByQuery, seenMetrics } from './rollup-query.ts';
import {
  clearDirty,
  type DirtyHour,
  hasOtherWriters,
  type Progress,
  readDirty,
  readProgress,
  saveProgress,
} from './rollup-state.ts';

export interface RollupDeps extends RollupLinesDeps {
  readonly db: Db;
  /** What this process wrote of the kind. */
  readonly memory: RollupMemory;
}

/** Device-hours that late points touched are recomputed this many at a time. */
const DIRTY_LIMIT = 500;
/** Devices of one statement. */
const DEVICES_A_QUERY = 50;
/** A first rollup or one after a long pause goes in steps of this many minutes, so that none takes long. */
const STEP_MS = 10 * MINUTE_MS;

/** One kind being rolled up. */
interface Work extends RollupDeps {
  readonly kind: DeviceKind;
  /** Metrics that the server knows, asked for at most once. */
  readonly metrics: () => Promise<readonly string[]>;
}

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Asks the server; of all devices where none are named. */
async function rollAsked(
  work: Work,
  into: Rolled,
  { fromMs, toMs, deviceIds }: Span & { readonly deviceIds?: readonly string[] },
): Promise<void> {
  const source = { kind: work.kind, metrics: await work.metrics(), fromMs, toMs };
  if (deviceIds === undefined) return rollByQuery(work, { ...source, deviceIds: null }, into);
  for (let first = 0; first < deviceIds.length; first += DEVICES_A_QUERY)
    await rollByQuery(work, { ...source, deviceIds: deviceIds.slice(first, first + DEVICES_A_QUERY) }, into);
}

function rememberedFields(kind: DeviceKind, { sums }: Bucket, { cells }: SummedSeries): string {
  let fields = '';
  for (const [index, { name }] of METRICS[kind].entries()) {
    const cell = cells[index] ?? -1;
    const found = cell < 0 ? null : sums.read(cell);
    if (found !== null) fields += `${fields === '' ? '' : ','}${fieldsOf(name, found)}`;
  }
  return fields;
}

/** Writes what is remembered of a minute or hour, and asks the server for what is not sure. */
async function rollRemembered(work: Work, into: Rolled, bucket: Bucket): Promise<void> {
  const { kind, memory } = work;
  const { startMs, unsure } = bucket;
  const asked = [...new Set([...unsure].map((series) => series.deviceId))];
  const lines = createRollupLines(work, measurementOf(kind, into));
  for (const series of memory.series) {
    const fields = unsure.has(series) ? '' : rememberedFields(kind, bucket, series);
    if (fields === '') continue;
    lines.add(series, fields, startMs);
    if (lines.isFull) await lines.flush();
  }
  await lines.flush();
  const span = { fromMs: startMs, toMs: startMs + (into === 'minute' ? MINUTE_MS : HOUR_MS) };
  if (asked.length > 0) await rollAsked(work, into, { ...span, deviceIds: asked });
}

/** Minutes of one step: those that were remembered, or null where the server was asked for all. */
async function rollMinutes(work: Work, { fromMs, toMs }: Span): Promise<readonly Bucket[] | null> {
  const { memory, db } = work;
  const isKnown = fromMs >= memory.knownFromMs && !(await hasOtherWriters(db, fromMs - MAX_AHEAD_MS));
  if (!isKnown) {
    await rollAsked(work, 'minute', { fromMs, toMs });
    return null;
  }
  const minutes = memory.minutes(fromMs, toMs);
  for (const minute of minutes) await rollRemembered(work, 'minute', minute);
  return minutes;
}

/** The end of the next step: where memory begins, what lies before it is a step of its own. */
function stepEnd({ knownFromMs }: RollupMemory, { fromMs, toMs }: Span): number {
  const endMs = Math.min(fromMs + STEP_MS, toMs);
  return fromMs < knownFromMs ? Math.min(endMs, knownFromMs) : endMs;
}

async function rollHour(work: Work, fromMs: number): Promise<void> {
  const hour = work.memory.hour(fromMs);
  if (hour === null) await rollAsked(work, 'hour', { fromMs, toMs: fromMs + HOUR_MS });
  else await rollRemembered(work, 'hour', hour);
}

/** Recomputes device-hours that late points touched; gives how many. */
async function rollDirty(work: Work, { hourUntilMs }: Progress): Promise<number> {
  const { db, kind } = work;
  const dirty = await readDirty(db, kind, DIRTY_LIMIT);
  const byHour = new Map<number, DirtyHour[]>();
  for (const hour of dirty) byHour.set(hour.hourMs, [...(byHour.get(hour.hourMs) ?? []), hour]);
  for (const [fromMs, hours] of byHour) {
    const span = { fromMs, toMs: fromMs + HOUR_MS, deviceIds: hours.map((hour) => hour.deviceId) };
    await rollAsked(work, 'minute', span);
    if (fromMs < hourUntilMs) await rollAsked(work, 'hour', span);
  }
  if (dirty.length > 0) await clearDirty(db, kind, dirty);
  return dirty.length;
}

/** Minutes up to the instant, step by step. A step that fails half-way is done again. */
async function rollAllMinutes(work: Work, from: Progress, untilMs: number): Promise<Progress> {
  const { db, memory, kind } = work;
  let progress = from;
  while (progress.minuteUntilMs < untilMs) {
    const fromMs = progress.minuteUntilMs;
    const toMs = stepEnd(memory, { fromMs, toMs: untilMs });
    const remembered = await rollMinutes(work, { fromMs, toMs });
    progress = { ...progress, minuteUntilMs: toMs };
    await saveProgress(db, kind, progress);
    if (remembered !== null) memory.keep(remembered, fromMs, toMs);
    memory.forgetMinutes(toMs);
  }
  return progress;
}

/** The hours that the minutes complete. */
async function rollAllHours(work: Work, from: Progress): Promise<Progress> {
  const { db, memory, kind } = work;
  let progress = from;
  while (progress.hourUntilMs + HOUR_MS <= progress.minuteUntilMs) {
    await rollHour(work, progress.hourUntilMs);
    progress = { ...progress, hourUntilMs: progress.hourUntilMs + HOUR_MS };
    await saveProgress(db, kind, progress);
    memory.forgetHours(progress.hourUntilMs);
  }
  return progress;
}

/** Brings a kind's rollups up to the instant (a whole minute), then recomputes what late points touched. */
export async function rollUpKind(deps: RollupDeps, kind: DeviceKind, untilMs: number): Promise<void> {
  const { db, memory, client } = deps;
  let seen: Promise<readonly string[]> | null = null;
  function metrics(): Promise<readonly string[]> {
    seen ??= seenMetrics(client, kind);
    return seen;
  }
  const work: Work = { ...deps, kind, metrics };
  const before = await readProgress(db, kind, untilMs);
  memory.forgetMinutes(before.minuteUntilMs);
  memory.forgetHours(before.hourUntilMs);
  const progress = await rollAllHours(work, await rollAllMinutes(work, before, untilMs));
  while ((await rollDirty(work, progress)) === DIRTY_LIMIT);
}
