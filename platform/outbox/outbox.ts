import type { DomainEvent, EventMap, EventType } from '#contracts/events.ts';
import type { Tx } from '../db/db.ts';

export type NewEvent = { [T in EventType]: { readonly type: T; readonly data: EventMap[T] } }[EventType];

/**
 * Facts told between features. `publish` writes them in the caller's transaction, so that a change and its
 * event stand or fall together; call `wake` after the commit to spare consumers the wait for the sweep.
 */
export interface Outbox {
  publish(tx: Tx, events: readonly NewEvent[]): Promise<void>;
  wake(): void;
}

/**
 * A consumer gets its events in the transaction that also takes them off its queue: what it writes with `tx`
 * happens once for each event; anything else it does may happen again. Events of one consumer come in the
 * order they were published, up to `limit` at a time.
 *
 * A batch that throws is tried again event by event. An event that fails alone waits, longer each time, while
 * later ones pass it; after ten failures it is set aside with its error and counted. A database that is away, a
 * deadlock or a lost connection is no failure of the event: the batch is tried again until it goes through.
 */
export interface Consumer {
  readonly name: string;
  readonly events: readonly EventType[];
  readonly limit?: number;
  handle(tx: Tx, events: readonly DomainEvent[]): Promise<void>;
}
