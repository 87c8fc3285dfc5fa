import { setTimeout as wait } from 'node:timers/promises';
import { sql } from 'kysely';
import type { DomainEvent } from '#contracts/events.ts';
import type { Db } from '../db/db.ts';
import type { Logger } from '../log.ts';
import { coalesce } from './coalesce.ts';
import type { OutboxRunner } from './outbox-runner.ts';

const FEED_LOCK = 'outbox feed';
/** Consumers go first, and a burst of commits is placed at once. */
const GATHER_MS = 20;

/** Every event of the last days in one order that never changes, for readers that come and go. */
export interface EventFeed {
  /** What follows that event, oldest first; from the oldest kept where `lastId` is null or no longer kept. */
  since(lastId: string | null, limit: number): Promise<readonly DomainEvent[]>;
  /** The newest event's id: where a reader starts that wants only what is to come. */
  lastId(): Promise<string | null>;
  /** Called when `since` has more to give. */
  onNew(listener: () => void): () => void;
}

/**
 * Transactions may commit in another order than they took their sequence numbers in. So an event joins the feed
 * only once it is committed, at the next position, under a lock: no reader's position is ever overtaken.
 */
export function startEventFeed({
  db,
  log,
  runner,
}: {
  db: Db;
  log: Logger;
  runner: OutboxRunner;
}): EventFeed & AsyncDisposable {
  const listeners = new Set<() => void>();
  let newest: number | null = null;
  const advance = async () => {
    await wait(GATHER_MS);
    await placeEvents(db);
    const { rows } = await sql<{ newest: number | null }>`
      select max(position) as newest from outbox_event
    `.execute(db);
    const seen = rows[0]?.newest ?? null;
    if (seen === newest) return;
    newest = seen;
    for (const listener of listeners) listener();
  };
  const placing = coalesce(advance, (error) => log.warn({ err: error }, 'event feed not advanced'));
  const forget = runner.onSignal(placing.request);
  placing.request();

  return {
    since: (lastId, limit) => eventsSince(db, lastId, limit),
    lastId: () => newestId(db),
    onNew: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    [Symbol.asyncDispose]: async () => {
      forget();
      await placing.close();
    },
  };
}

function placeEvents(db: Db): Promise<unknown> {
  return db.transaction().execute(async (tx) => {
    await sql`select pg_advisory_xact_lock(hashtextextended(${FEED_LOCK}, 0))`.execute(tx);
    await sql`
      with placed as materialized (
        select seq, nextval('outbox_position') as position
        from (select seq from outbox_event where position is null order by seq) as unplaced
      )
      update outbox_event e set position = placed.position from placed where e.seq = placed.seq
    `.execute(tx);
  });
}

async function eventsSince(db: Db, lastId: string | null, limit: number): Promise<readonly DomainEvent[]> {
  const { rows } = await sql<DomainEvent>`
    select id, type, data, at from outbox_event
    where position > coalesce((select position from outbox_event where id = ${lastId}::uuid), 0)
    order by position
    limit ${limit}
  `.execute(db);
  return rows;
}

async function newestId(db: Db): Promise<string | null> {
  const { rows } = await sql<{ id: string }>`
    select id from outbox_event where position is not null order by position desc limit 1
  `.execute(db);
  return rows[0]?.id ?? null;
}
