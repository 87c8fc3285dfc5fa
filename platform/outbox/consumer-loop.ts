import { setTimeout as wait } from 'node:timers/promises';
import type { Db } from '../db/db.ts';
import { sqlState } from '../db/db.ts';
import type { Logger } from '../log.ts';
import { countFailure, HandlerFailure, takeNext } from './consumer-queue.ts';
import type { Consumer } from './outbox.ts';

const MAX_WAIT_MS = 5_000;

interface LoopDeps {
  readonly db: Db;
  readonly log: Logger;
  readonly onSetAside: (consumer: string, type: string) => void;
  /** Called after each batch: what its handler published waits for someone now. */
  readonly onHandled: () => void;
}

interface Loop extends AsyncDisposable {
  wake(): void;
}

/** Works a consumer's queue off each time it is woken. Disposal finishes the batch in hand. */
export function createConsumerLoop(
  { db, log, onSetAside, onHandled }: LoopDeps,
  { consumer, firstRetryMs }: { consumer: Consumer; firstRetryMs: number },
): Loop {
  const stop = new AbortController();
  let isWoken = false;
  let running: Promise<void> | undefined;
  let waitMs = firstRetryMs;

  const wake = () => {
    isWoken = true;
    running ??= drain();
  };
  const pause = async () => {
    await wait(waitMs, undefined, stop).catch(() => undefined);
    waitMs = Math.min(waitMs * 2, MAX_WAIT_MS);
    isWoken = true;
  };
  const fail = async (error: unknown) => {
    log.warn({ err: error, consumer: consumer.name }, 'events not handled, will be tried again');
    if (!(error instanceof HandlerFailure) || isTransient(error.cause)) return pause();
    const counted = await countFailure(db, consumer.name, { failure: error, firstRetryMs });
    if (counted.kind === 'alone_next') return pause();
    if (counted.kind === 'again_later') wait(counted.waitMs, undefined, stop).then(wake, () => undefined);
    if (counted.kind === 'set_aside') {
      const { id, type } = counted.event;
      log.error({ err: error.cause, consumer: consumer.name, eventId: id, type }, 'event set aside');
      onSetAside(consumer.name, type);
    }
    isWoken = true;
  };
  const step = async () => {
    try {
      const taken = await takeNext(db, consumer);
      if (taken === 'more') isWoken = true;
      if (taken === 'more' || taken === 'last') onHandled();
      waitMs = firstRetryMs;
    } catch (error) {
      await fail(error).catch(pause);
    }
  };
  const drain = async () => {
    while (isWoken && !stop.signal.aborted) {
      isWoken = false;
      await step();
    }
    running = undefined;
  };

  return {
    wake,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await running;
    },
  };
}

/** Lost connections, deadlocks and a server that is away or full say nothing about the events. */
function isTransient(error: unknown): boolean {
  const state = sqlState(error);
  if (state !== undefined) return /^(08|40|53|57)/.test(state);
  return error instanceof Error && 'code' in error && /^E(CONN|PIPE|TIMEDOUT)/.test(String(error.code));
}
