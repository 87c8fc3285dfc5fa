import { type DeviceKind, METRICS } from '#contracts/metrics.ts';
import type { PointBatch } from '#contracts/point-batch.ts';
import { tableOf } from './schema.ts';

/** Points that carry the same metrics in the same order: one statement. Column texts grow as points are added. */
export interface InsertGroup {
  readonly kind: DeviceKind;
  readonly metrics: readonly number[];
  readonly devices: string[];
  readonly components: string[];
  readonly times: number[];
  readonly columns: number[][];
}

interface Place {
  readonly batch: PointBatch;
  readonly point: number;
}

function signatureOf({ batch, point }: Place): number {
  const end = batch.valueStart[point + 1] ?? 0;
  let hash = 17;
  for (let at = batch.valueStart[point] ?? 0; at < end; at++)
    hash = (Math.imul(hash, 31) + (batch.metric[at] ?? 0)) | 0;
  return hash;
}

function hasSameMetrics(group: InsertGroup, { batch, point }: Place): boolean {
  const start = batch.valueStart[point] ?? 0;
  const end = batch.valueStart[point + 1] ?? 0;
  if (group.metrics.length !== end - start) return false;
  for (let at = start; at < end; at++) if (group.metrics[at - start] !== batch.metric[at]) return false;
  return true;
}

function newGroup({ batch, point }: Place): InsertGroup {
  const metrics = [...batch.metric.subarray(batch.valueStart[point], batch.valueStart[point + 1])];
  const kind = batch.device[point]?.kind ?? 'ac_unit';
  return { kind, metrics, devices: [], components: [], times: [], columns: metrics.map(() => []) };
}

function put(group: InsertGroup, row: number, { batch, point }: Place): void {
  const start = batch.valueStart[point] ?? 0;
  group.devices[row] = batch.device[point]?.id ?? '';
  group.components[row] = batch.component[point] ?? '';
  group.times[row] = batch.observedAtMs[point] ?? 0;
  for (let column = 0; column < group.columns.length; column++) {
    const values = group.columns[column];
    if (values !== undefined) values[row] = batch.value[start + column] ?? 0;
  }
}

/**
 * Sorts points into groups of equal metrics. Within a group a key (device, component, time) stands once, the
 * later point's values winning: one statement may not touch a row twice.
 *
 * A metric named twice in one point cannot come from JSON, so columns within a group are distinct.
 */
export function groupPoints(batches: readonly PointBatch[]): InsertGroup[] {
  const bySignature = new Map<number, InsertGroup[]>();
  const groups: InsertGroup[] = [];
  const rows = new Map<InsertGroup, Map<string, number>>();
  const newest: number[] = [];

  function groupOf(place: Place): InsertGroup {
    const signature = signatureOf(place);
    const same = bySignature.get(signature) ?? [];
    const kind = place.batch.device[place.point]?.kind;
    const found = same.find((group) => group.kind === kind && hasSameMetrics(group, place));
    if (found !== undefined) return found;
    const group = newGroup(place);
    bySignature.set(signature, [...same, group]);
    groups.push(group);
    return group;
  }

  /** The row a repeated key already has, looked up only once a device's times have not risen. */
  function rowOf(group: InsertGroup, { batch, point }: Place): number {
    const device = batch.device[point];
    const atMs = batch.observedAtMs[point] ?? 0;
    const index = device?.index ?? 0;
    const isRising = atMs > (newest[index] ?? 0);
    if (isRising) newest[index] = atMs;
    if (isRising) return group.times.length;
    let known = rows.get(group);
    if (known === undefined) {
      known = new Map();
      rows.set(group, known);
    }
    for (let row = known.size; row < group.times.length; row++) {
      known.set(`${group.devices[row]} ${group.components[row]} ${group.times[row]}`, row);
    }
    return known.get(`${device?.id} ${batch.component[point]} ${atMs}`) ?? group.times.length;
  }

  for (const batch of batches) {
    for (let point = 0; point < batch.count; point++) {
      const place = { batch, point };
      const group = groupOf(place);
      put(group, rowOf(group, place), place);
    }
  }
  return groups;
}

/** An array literal of texts. Device ids and components hold neither quotes nor backslashes. */
function textArray(texts: readonly string[]): string {
  return `{"${texts.join('","')}"}`;
}

function numberArray(numbers: readonly number[]): string {
  return `{${numbers.join(',')}}`;
}

/** Parameters of the group's statement. */
export function insertValues(group: InsertGroup): string[] {
  return [
    textArray(group.devices),
    textArray(group.components),
    numberArray(group.times),
    ...group.columns.map(numberArray),
  ];
}

/** The upsert of a group: names only the columns present, so values that came otherwise stay. */
export function insertSql({ kind, metrics }: InsertGroup): string {
  const names = metrics.map((index) => `"${METRICS[kind][index]?.name}"`);
  const fields = names.map((_, position) => `v${position}`);
  const parameters = names.map((_, position) => `$${position + 4}::float8[]`);
  const updates = names.map((name) => `${name} = excluded.${name}`);
  return `insert into ${tableOf(kind, 'raw')} (device_id, component, ts, ${names.join(', ')})
    select d, c, to_timestamp(t / 1000.0), ${fields.join(', ')}
    from unnest($1::text[], $2::text[], $3::float8[], ${parameters.join(', ')}) as u(d, c, t, ${fields.join(', ')})
    on conflict (device_id, component, ts) do update set ${updates.join(', ')}`;
}
