import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';

/** The kernel counts processor time in hundredths of a second. */
const MICROSECONDS_A_TICK = 10_000;

interface Stat {
  readonly parent: number;
  readonly ownTicks: number;
  /** Of its children that have ended. */
  readonly endedTicks: number;
}

async function readStat(pid: number): Promise<Stat | undefined> {
  const line = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (line === undefined) return undefined;
  const fields = line
    .slice(line.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const at = (position: number) => fields[position] ?? 0;
  return { parent: at(1), ownTicks: at(11) + at(12), endedTicks: at(13) + at(14) };
}

/** Processor time that a server and its children have used, living and ended, in µs; 0 where there is no /proc. */
export async function treeCpuUs(pid: number): Promise<number> {
  const root = await readStat(pid);
  if (root === undefined) return 0;
  let ticks = root.ownTicks + root.endedTicks;
  for (const name of await readdir('/proc')) {
    const child = /^\d+$/.test(name) ? await readStat(Number(name)) : undefined;
    if (child?.parent === pid) ticks += child.ownTicks;
  }
  return ticks * MICROSECONDS_A_TICK;
}

/** Busy and total processor time of the machine since it started. */
export function machineTicks(): { busy: number; total: number } {
  const line = readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '';
  const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, soft = 0, steal = 0] = line
    .split(/\s+/)
    .slice(1)
    .map(Number);
  const busy = user + nice + system + irq + soft + steal;
  return { busy, total: busy + idle + wait };
}

/** How much of the machine was at work that is not ours: run before a benchmark. */
export async function otherLoadPct(): Promise<number> {
  const before = machineTicks();
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const after = machineTicks();
  return Math.round((100 * (after.busy - before.busy)) / Math.max(1, after.total - before.total));
}
