import { readFileSync } from 'node:fs';
import { findMetric } from '#contracts/metrics.ts';
import type { DeviceRef } from '#contracts/point-batch.ts';
import type { Step } from './batches.ts';

const TICK_MS = 5_000;
const folder = new URL('../testdata/', import.meta.url);

/** A recording by its file name, e.g. `ac-offline.fault.csv`. */
export function readSeries(name: string): string {
  return readFileSync(new URL(name, folder), 'utf8');
}

/** A recorded series as a device (or one component of it) told it, with ticks every five seconds. */
export function stepsOfSeries(
  { device, component }: { readonly device: DeviceRef; readonly component: string },
  table: string,
  startMs: number,
): Step[] {
  const [head, ...lines] = table.trim().split('\n');
  const names = head?.split(',') ?? [];
  const steps: Step[] = [{ type: 'presence', device, isOnline: true, atMs: startMs - 1 }];
  let nowMs = startMs;
  for (const line of lines) {
    const { seconds, online, ...values } = valuesOf(device, names, line);
    const atMs = startMs + Number(seconds) * 1_000;
    for (nowMs += TICK_MS; nowMs < atMs; nowMs += TICK_MS) steps.push({ type: 'tick', atMs: nowMs });
    nowMs = atMs;
    if (online !== undefined) steps.push({ type: 'presence', device, isOnline: online === 1, atMs });
    else steps.push({ device, component, atMs, values });
  }
  return steps;
}

/** The values of one line; empty cells are left out. */
function valuesOf(
  { kind }: DeviceRef,
  names: readonly string[],
  line: string,
): Record<string, number | string> {
  const values: Record<string, number | string> = {};
  line.split(',').forEach((cell, i) => {
    const name = names[i] ?? '';
    if (cell !== '') values[name] = findMetric(kind, name)?.type === 'enum' ? cell : Number(cell);
  });
  return values;
}
