import type { AlarmTransition } from '#contracts/alarms.ts';
import type { InputBatch } from '#contracts/point-batch.ts';
import type { AlarmRow } from '../alarms/tables.ts';
import { endOf } from './open-alarms.ts';

interface Orphans {
  /**
   * Gives the steps that end the orphans, once: when a tick of our own time shows that the log has been read
   * to its end. Those that the engine has raised again by then live on.
   */
  note(input: InputBatch, transitions: readonly AlarmTransition[]): readonly AlarmTransition[];
}

/** Open alarms that the engine did not know at the start, e.g. of a rule version that is no more. */
export function createOrphans(rows: readonly AlarmRow[], startedAtMs: number): Orphans {
  const orphans = new Map(rows.map((row) => [row.occurrence, row]));
  return {
    note: ({ signals }, transitions) => {
      if (orphans.size === 0) return [];
      for (const { occurrence } of transitions) orphans.delete(occurrence);
      const now = signals.find((signal) => signal.type === 'tick' && signal.atMs >= startedAtMs);
      if (now?.type !== 'tick') return [];
      const ends = Array.from(orphans.values(), (row) => endOf(row, now.atMs));
      orphans.clear();
      return ends;
    },
  };
}
