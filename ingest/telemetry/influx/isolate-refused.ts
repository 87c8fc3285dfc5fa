import { METRICS, metricIndex } from '#contracts/metrics.ts';
import type { PointBatch } from '#contracts/point-batch.ts';
import type { Refusal } from './refusal.ts';

/** One point of a batch. */
export interface Place {
  readonly batch: PointBatch;
  readonly point: number;
}

export interface Refused extends Place {
  readonly refusal: Refusal;
}

const timeOf = ({ batch, point }: Place) => batch.observedAtMs[point] ?? 0;

function hasField({ batch, point }: Place, field: string): boolean {
  const kind = batch.device[point]?.kind;
  const index = kind === undefined ? undefined : metricIndex(kind, field);
  if (index === undefined) return false;
  const end = batch.valueStart[point + 1] ?? 0;
  for (let at = batch.valueStart[point] ?? 0; at < end; at++) if (batch.metric[at] === index) return true;
  return false;
}

/** Two parts, neither empty: what lacks the field at fault apart, else by time. */
function split(places: readonly Place[], { field }: Refusal): readonly [readonly Place[], readonly Place[]] {
  if (field !== null) {
    const without = places.filter((place) => !hasField(place, field));
    if (without.length > 0 && without.length < places.length)
      return [without, places.filter((place) => hasField(place, field))];
  }
  const middle = places.length >> 1;
  return [places.slice(0, middle), places.slice(middle)];
}

/**
 * Finds the points that the server refuses by sending smaller and smaller parts again; all others are written in
 * the end. Points stand in the order of their times meanwhile: what lies outside retention, or in a shard whose
 * types conflict, is then one run, found in few steps.
 */
export async function isolateRefused(
  places: readonly Place[],
  refusal: Refusal,
  send: (places: readonly Place[]) => Promise<Refusal | null>,
): Promise<Refused[]> {
  const ordered = [...places].sort((one, other) => timeOf(one) - timeOf(other));
  const refused: Refused[] = [];
  const waiting: { part: readonly Place[]; refusal: Refusal }[] = [{ part: ordered, refusal }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { part } = next;
    const reason = next.refusal;
    if (part.length === 1 || reason.dropped === part.length) {
      refused.push(...part.map((place) => ({ ...place, refusal: reason })));
      continue;
    }
    for (const half of split(part, reason)) {
      const answer = await send(half);
      if (answer !== null) waiting.push({ part: half, refusal: answer });
    }
  }
  return refused.sort((one, other) => timeOf(one) - timeOf(other));
}

/** The point's values by name. */
export function valuesOf({ batch, point }: Place): Record<string, number> {
  const kind = batch.device[point]?.kind ?? 'ac_unit';
  const values: Record<string, number> = {};
  const end = batch.valueStart[point + 1] ?? 0;
  for (let at = batch.valueStart[point] ?? 0; at < end; at++)
    values[METRICS[kind][batch.metric[at] ?? 0]?.name ?? ''] = batch.value[at] ?? 0;
  return values;
}
