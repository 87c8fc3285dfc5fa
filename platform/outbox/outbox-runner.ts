import { isDeepStrictEqual } from 'node:util';
import type pg from 'pg';
import type { Db } from '../db/db.ts';
import { AftercareError } from '../errors.ts';
import { newId } from '../ids.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { coalesce } from './coalesce.ts';
import { createConsumerLoop } from './consumer-loop.ts';
import { consumersWithWork } from './consumer-queue.ts';
import { startListening } from './listen.ts';
import type { Consumer } from './outbox.ts';
import type { WakeableOutbox } from './postgres-outbox.ts';

const CHANNEL = 'outbox';
const SWEEP_MS = 1_000;
const NOTIFY_MS = 20;

interface OutboxRunnerDeps {
  readonly db: Db;
  readonly pool: pg.Pool;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly outbox: WakeableOutbox;
}

interface OutboxRunnerConfig {
  /** Those that run in this process; each must be among the consumers the outbox was created with. */
  readonly consumers: readonly Consumer[];
  readonly firstRetryMs?: number;
}

export interface OutboxRunner extends AsyncDisposable {
  /** Called when there may be new events, of this process or another, and at each sweep. */
  onSignal(listener: () => void): () => void;
}

/**
 * Hands events to consumers: at once after a wake in this process, within 20 ms after one in another, and by a
 * sweep each second whatever was missed. Outlives any outage of the database. Disposal finishes the batches in
 * hand.
 */
export function startOutbox(
  { db, pool, log, metrics, outbox }: OutboxRunnerDeps,
  { consumers, firstRetryMs = 200 }: OutboxRunnerConfig,
): OutboxRunner {
  requireSubscribed(consumers, outbox);
  const count = metrics.counter(
    'aftercare_outbox_set_aside_total',
    'Events that a consumer failed to handle ten times',
    ['consumer', 'type'],
  );
  const onSetAside = (consumer: string, type: string) => count.inc({ consumer, type });
  const loops = new Map(
    consumers.map((consumer) => [
      consumer.name,
      createConsumerLoop({ db, log, onSetAside, onHandled: outbox.wake }, { consumer, firstRetryMs }),
    ]),
  );
  const listeners = new Set<() => void>();
  const scout = coalesce(
    async () => {
      for (const name of await consumersWithWork(db, [...loops.keys()])) loops.get(name)?.wake();
    },
    (error) => log.warn({ err: error }, 'outbox not read, the sweep will try again'),
  );
  const signal = () => {
    scout.request();
    for (const listener of listeners) listener();
  };

  const self = newId();
  const notifier = createNotifier(() => pool.query('select pg_notify($1, $2)', [CHANNEL, self]), log);
  const forget = outbox.onWake(() => {
    signal();
    notifier.request();
  });
  const listening = startListening(
    { pool, log },
    { channel: CHANNEL, onNotify: (from) => from !== self && signal() },
  );
  const sweep = setInterval(signal, SWEEP_MS);

  return {
    onSignal: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    [Symbol.asyncDispose]: async () => {
      clearInterval(sweep);
      forget();
      await Promise.all([listening[Symbol.asyncDispose](), notifier.close(), scout.close()]);
      await Promise.all([...loops.values()].map((loop) => loop[Symbol.asyncDispose]()));
    },
  };
}

/** A consumer that `publish` does not know would wait for ever; one named twice would share a queue. */
function requireSubscribed(consumers: readonly Consumer[], outbox: WakeableOutbox): void {
  for (const { name, events } of consumers) {
    const [known, ...others] = outbox.consumers.filter((subscription) => subscription.name === name);
    if (others.length === 0 && known !== undefined && isDeepStrictEqual(known.events, events)) continue;
    throw new AftercareError(
      'OUTBOX_CONSUMER_UNKNOWN',
      `consumer ${name}: the outbox must be created with it, once, with the same events`,
    );
  }
}

/** At once, then at most every 20 ms. Not in the publishing transaction: NOTIFY locks at commit. */
function createNotifier(notify: () => Promise<unknown>, log: Logger) {
  let isRequested = false;
  let timer: NodeJS.Timeout | undefined;
  let sending: Promise<unknown> = Promise.resolve();
  const send = () => {
    isRequested = false;
    sending = notify().catch((error) => log.debug({ err: error }, 'other processes not notified'));
    timer = setTimeout(() => {
      timer = undefined;
      if (isRequested) send();
    }, NOTIFY_MS);
  };
  return {
    request: () => {
      isRequested = true;
      if (timer === undefined) send();
    },
    close: async () => {
      clearTimeout(timer);
      await sending;
    },
  };
}
