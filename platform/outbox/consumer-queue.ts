import { sql } from 'kysely';
import type { DomainEvent } from '#contracts/events.ts';
import type { Db, Tx } from '../db/db.ts';
import type { Consumer } from './outbox.ts';

const DEFAULT_LIMIT = 100;
const MAX_ATTEMPTS = 10;
const MAX_RETRY_MS = 60_000;

/** A batch failed, in its handler or at its commit: what was in hand. The transaction has been rolled back. */
export class HandlerFailure extends Error {
  readonly deliveries: readonly Delivery[];

  constructor(deliveries: readonly Delivery[], cause: unknown) {
    super(`the handler of ${deliveries.length} events failed`, { cause });
    this.name = 'HandlerFailure';
    this.deliveries = deliveries;
  }
}

export interface Delivery {
  readonly seq: number;
  readonly attempts: number;
  readonly event: DomainEvent;
}

/** What becomes of a batch that failed. */
type CountedFailure =
  | { readonly kind: 'alone_next' }
  | { readonly kind: 'again_later'; readonly waitMs: number }
  | { readonly kind: 'set_aside'; readonly event: DomainEvent };

/** `more`: there may be more at once. `last`: that was all. `idle`: nothing due. `elsewhere`: another process has this queue. */
type Taken = 'more' | 'last' | 'idle' | 'elsewhere';

/**
 * Takes the next events of a consumer off its queue and hands them over, all in one transaction. One
 * transaction at a time works on a queue, in whatever process, so that order holds.
 */
export async function takeNext(db: Db, consumer: Consumer): Promise<Taken> {
  const limit = consumer.limit ?? DEFAULT_LIMIT;
  let batch: readonly Delivery[] = [];
  const work = async (tx: Tx): Promise<Taken> => {
    if (!(await holdQueue(tx, consumer.name))) return 'elsewhere';
    const due = await dueDeliveries(tx, consumer.name, limit);
    batch = firstBatch(due);
    if (batch.length === 0) return 'idle';
    await consumer.handle(
      tx,
      batch.map(({ event }) => event),
    );
    await dequeue(tx, consumer.name, batch);
    return batch.length < due.length || due.length === limit ? 'more' : 'last';
  };
  try {
    return await db.transaction().execute(work);
  } catch (error) {
    throw batch.length === 0 ? error : new HandlerFailure(batch, error);
  }
}

/** Which of these consumers have something due. */
export async function consumersWithWork(db: Db, names: readonly string[]): Promise<readonly string[]> {
  const { rows } = await sql<{ name: string }>`
    select name from unnest(${names}::text[]) as name
    where exists (select from outbox_delivery d where d.consumer = name and ${isDue()})
  `.execute(db);
  return rows.map(({ name }) => name);
}

/**
 * Counts the failure of a handler. Events that failed together are tried alone from now on, in order; one that
 * failed alone waits, longer each time, while later ones pass; after ten attempts it is set aside.
 */
export async function countFailure(
  db: Db,
  consumer: string,
  { failure, firstRetryMs }: { failure: HandlerFailure; firstRetryMs: number },
): Promise<CountedFailure> {
  const seqs = failure.deliveries.map(({ seq }) => seq);
  const [alone] = failure.deliveries;
  if (seqs.length > 1 || alone === undefined) {
    await sql`
      update outbox_delivery set attempts = 1 where consumer = ${consumer} and event_seq = any(${seqs}::bigint[])
    `.execute(db);
    return { kind: 'alone_next' };
  }
  if (alone.attempts + 1 >= MAX_ATTEMPTS) {
    await db.transaction().execute((tx) => setAside(tx, consumer, { delivery: alone, error: failure.cause }));
    return { kind: 'set_aside', event: alone.event };
  }
  const waitMs = Math.min(firstRetryMs * 2 ** alone.attempts, MAX_RETRY_MS);
  await sql`
    update outbox_delivery
    set attempts = attempts + 1, next_attempt_at = now() + ${waitMs} * interval '1 millisecond'
    where consumer = ${consumer} and event_seq = ${alone.seq}
  `.execute(db);
  return { kind: 'again_later', waitMs };
}

const isDue = () => sql`(d.next_attempt_at is null or d.next_attempt_at <= now())`;

/** Events that failed before are tried alone. */
function firstBatch(deliveries: readonly Delivery[]): readonly Delivery[] {
  const failedBefore = deliveries.findIndex(({ attempts }) => attempts > 0);
  if (failedBefore === -1) return deliveries;
  return deliveries.slice(0, Math.max(failedBefore, 1));
}

async function holdQueue(tx: Tx, consumer: string): Promise<boolean> {
  const { rows } = await sql<{ held: boolean }>`
    select pg_try_advisory_xact_lock(hashtextextended(${`outbox ${consumer}`}, 0)) as held
  `.execute(tx);
  return rows[0]?.held === true;
}

async function dueDeliveries(tx: Tx, consumer: string, limit: number): Promise<readonly Delivery[]> {
  const { rows } = await sql<DomainEvent & { seq: number; attempts: number }>`
    select d.event_seq as seq, d.attempts, e.id, e.type, e.data, e.at
    from outbox_delivery d join outbox_event e on e.seq = d.event_seq
    where d.consumer = ${consumer} and ${isDue()}
    order by d.event_seq
    limit ${limit}
    for update of d skip locked
  `.execute(tx);
  return rows.map(({ seq, attempts, ...event }) => ({ seq, attempts, event }));
}

async function dequeue(tx: Tx, consumer: string, deliveries: readonly Delivery[]): Promise<void> {
  const seqs = deliveries.map(({ seq }) => seq);
  await sql`
    delete from outbox_delivery where consumer = ${consumer} and event_seq = any(${seqs}::bigint[])
  `.execute(tx);
}

async function setAside(
  tx: Tx,
  consumer: string,
  { delivery, error }: { delivery: Delivery; error: unknown },
): Promise<void> {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  await sql`
    insert into outbox_failed (consumer, event_id, type, data, at, error, attempts)
    select ${consumer}, id, type, data, at, ${text}, ${delivery.attempts + 1}
    from outbox_event where seq = ${delivery.seq}
    on conflict do nothing
  `.execute(tx);
  await dequeue(tx, consumer, [delivery]);
}
