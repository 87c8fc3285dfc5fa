import { sql } from 'kysely';
import type { Clock } from '../clock.ts';
import type { Db } from '../db/db.ts';

const KEEP_MS = 7 * 24 * 3_600_000;

/** Deletes the events of more than 7 days ago that are in no queue any more. Returns how many. */
export async function sweepOutbox({ db, clock }: { db: Db; clock: Clock }): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from outbox_event e
    where e.at < ${new Date(clock.nowMs() - KEEP_MS)}
      and not exists (select from outbox_delivery d where d.event_seq = e.seq)
  `.execute(db);
  return Number(numAffectedRows ?? 0n);
}
