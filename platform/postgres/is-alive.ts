import { readFileSync } from 'node:fs';

/** Whether a process of that id runs, ours or not; one that ended and was never waited for does not. */
export function isAlive(pid: number): boolean {
  return exists(pid) && !isZombie(pid);
}

/** Where nobody collects orphans, as in many containers, the dead keep their number. */
export function isZombie(pid: number): boolean {
  if (process.platform !== 'linux') return false;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
  } catch {
    return false;
  }
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
