import { sql } from 'kysely';
import type { Clock } from '#platform/clock.ts';
import type { Db } from '#platform/db/db.ts';

/** Gathers the metric names nobody knows, by model, for a table that an operator reads. */
export interface UnknownMetrics {
  note(model: string, names: readonly string[]): void;
  /** Writes what was gathered since the last call. */
  flush(): Promise<void>;
}

/** Different names gathered between two flushes, at most; a device that invents names is cut short here. */
const MAX_NAMES = 1_000;

export function createUnknownMetrics({ db, clock }: { db: Db; clock: Clock }): UnknownMetrics {
  let counts = new Map<string, { model: string; name: string; messages: number }>();
  return {
    note(model, names) {
      for (const name of names) {
        const key = `${model} ${name}`;
        const found = counts.get(key);
        if (found !== undefined) found.messages += 1;
        else if (counts.size < MAX_NAMES) counts.set(key, { model, name, messages: 1 });
      }
    },
    async flush() {
      if (counts.size === 0) return;
      const rows = [...counts.values()];
      counts = new Map();
      const at = new Date(clock.nowMs());
      await sql`insert into unknown_metric
        select r.model, r.name, r.messages, ${at}, ${at}
        from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(model text, name text, messages bigint)
        on conflict (model, name) do update
        set messages = unknown_metric.messages + excluded.messages, last_seen_at = excluded.last_seen_at`.execute(
        db,
      );
    },
  };
}
