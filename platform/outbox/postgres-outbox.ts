import { sql } from 'kysely';
import type { Clock } from '../clock.ts';
import type { Tx } from '../db/db.ts';
import { newId } from '../ids.ts';
import type { Consumer, NewEvent, Outbox } from './outbox.ts';

/** Who gets which events: a consumer, or only its name and types where it runs in another process. */
export type Subscription = Pick<Consumer, 'name' | 'events'>;

interface OutboxConfig {
  /** Every consumer of the installation. Read at each publish, so it may be filled until the first one. */
  readonly consumers: readonly Subscription[];
}

/** An outbox whose wakes the runner and the event feed of this process hear. */
export interface WakeableOutbox extends Outbox {
  readonly consumers: readonly Subscription[];
  onWake(listener: () => void): () => void;
}

/**
 * Publishes into `outbox_event`, with a row in the queue of every consumer that takes the type. One statement
 * a call, whatever the number of events.
 */
export function createOutbox({ clock }: { clock: Clock }, { consumers }: OutboxConfig): WakeableOutbox {
  const listeners = new Set<() => void>();
  return {
    consumers,
    publish: (tx, events) => insertEvents(tx, { events, consumers, nowMs: clock.nowMs() }),
    wake: () => {
      for (const listener of listeners) listener();
    },
    onWake: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

interface Publication {
  readonly events: readonly NewEvent[];
  readonly consumers: readonly Subscription[];
  readonly nowMs: number;
}

async function insertEvents(tx: Tx, { events, consumers, nowMs }: Publication): Promise<void> {
  if (events.length === 0) return;
  const rows = JSON.stringify(events.map(({ type, data }) => ({ id: newId(), type, data })));
  const routes = JSON.stringify(
    consumers.flatMap(({ name, events: types }) => types.map((type) => ({ consumer: name, type }))),
  );
  await sql`
    with published as (
      insert into outbox_event (id, type, data, at)
      select (e.event->>'id')::uuid, e.event->>'type', e.event->'data', ${new Date(nowMs)}
      from jsonb_array_elements(${rows}::jsonb) with ordinality as e (event, place)
      order by e.place
      returning seq, type
    )
    insert into outbox_delivery (consumer, event_seq)
    select route.consumer, published.seq
    from published
    join jsonb_to_recordset(${routes}::jsonb) as route (consumer text, type text) on route.type = published.type
  `.execute(tx);
}
