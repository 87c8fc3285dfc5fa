import { setTimeout as wait } from 'node:timers/promises';
import type { AlarmTransition } from '#contracts/alarms.ts';
import { type Db, sqlState } from '#platform/db/db.ts';
import type { Logger } from '#platform/log.ts';
import type { Metrics } from '#platform/metrics/metrics.ts';
import type { Outbox } from '#platform/outbox/outbox.ts';
import { type AlarmChange, mergeTransition } from './alarm-change.ts';
import { writeChanges } from './write-changes.ts';

interface AlarmWriterDeps {
  readonly db: Db;
  readonly outbox: Outbox;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/**
 * Brings the engine's transitions into the `alarm` table, in order, with their events. One batch is under way;
 * the next gathers meanwhile, transitions of one occurrence merged. A database that is away is asked again for
 * as long as it takes. Disposal writes what is waiting, unless the database is away.
 */
export interface AlarmWriter extends AsyncDisposable {
  enqueue(transitions: readonly AlarmTransition[]): void;
  /** Resolves to true once all that was enqueued before is committed, to false if the writer stops first. */
  flushed(): Promise<boolean>;
  /** Resolves once a change of that occurrence has been committed, or `signal` gives up. */
  changed(occurrence: string, signal: AbortSignal): Promise<void>;
  /** Occurrences not yet committed. */
  waiting(): number;
}

/** Occurrences of one transaction, at most: more gains nothing and lengthens the wait of the next. */
const MAX_BATCH = 500;
const FIRST_RETRY_MS = 50;
const MAX_RETRY_MS = 2_000;

interface Waiter {
  readonly mark: number;
  readonly resolve: (isFlushed: boolean) => void;
}

export function createAlarmWriter(deps: AlarmWriterDeps): AlarmWriter {
  const { log } = deps;
  const count = countersOf(deps.metrics, () => waiting.size);
  const waiting = new Map<string, AlarmChange>();
  const waiters: Waiter[] = [];
  const watched = new Map<string, Set<() => void>>();
  const stop = new AbortController();
  let running: Promise<void> | undefined;
  let enqueued = 0;
  let committed = 0;

  const settle = (batch: readonly AlarmChange[]) => {
    committed += batch.length;
    for (const { occurrence } of batch) for (const tell of watched.get(occurrence) ?? []) tell();
    while (waiters[0] !== undefined && waiters[0].mark <= committed) waiters.shift()?.resolve(true);
  };
  const write = async (batch: readonly AlarmChange[]) => {
    const { raised, ignored } = await writeChanges(deps, batch);
    for (const change of raised) count.raised.inc({ severity: change.raised?.severity ?? 'minor' });
    if (ignored > 0) count.ignored.inc(ignored);
  };
  const attempt = async (batch: readonly AlarmChange[]): Promise<'written' | 'away'> => {
    try {
      await write(batch);
    } catch (error) {
      if (!isRefusal(error)) {
        log.warn({ err: error, changes: batch.length }, 'alarms not written, will be tried again');
        return 'away';
      }
      const [only, ...others] = batch;
      if (only === undefined) return 'written';
      if (others.length > 0) return attemptEach(batch);
      log.error({ err: error, occurrence: only.occurrence }, 'the database refuses an alarm: left out');
      count.refused.inc();
    }
    return 'written';
  };
  const attemptEach = async (batch: readonly AlarmChange[]): Promise<'written' | 'away'> => {
    for (const change of batch) if ((await attempt([change])) === 'away') return 'away';
    return 'written';
  };
  const drain = async () => {
    let batch = take(waiting);
    let retryMs = FIRST_RETRY_MS;
    while (batch.length > 0) {
      if ((await attempt(batch)) === 'written') {
        settle(batch);
        batch = take(waiting);
        retryMs = FIRST_RETRY_MS;
      } else {
        if (stop.signal.aborted) break;
        await wait(retryMs, undefined, stop).catch(() => undefined);
        retryMs = Math.min(2 * retryMs, MAX_RETRY_MS);
      }
    }
    running = undefined;
  };

  return {
    enqueue: (transitions) => {
      for (const transition of transitions) {
        const before = waiting.get(transition.occurrence);
        if (before === undefined) enqueued += 1;
        waiting.set(transition.occurrence, mergeTransition(before, transition));
      }
      if (waiting.size > 0 && !stop.signal.aborted) running ??= drain();
    },
    flushed: () => {
      if (committed === enqueued) return Promise.resolve(true);
      if (stop.signal.aborted) return Promise.resolve(false);
      return new Promise((resolve) => waiters.push({ mark: enqueued, resolve }));
    },
    changed: (occurrence, signal) => watchFor(watched, occurrence, signal),
    waiting: () => enqueued - committed,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await running;
      for (const { resolve } of waiters.splice(0)) resolve(false);
    },
  };
}

/** The oldest changes, as many as make one batch. */
function take(waiting: Map<string, AlarmChange>): AlarmChange[] {
  const batch: AlarmChange[] = [];
  for (const [occurrence, change] of waiting) {
    if (batch.length === MAX_BATCH) break;
    batch.push(change);
    waiting.delete(occurrence);
  }
  return batch;
}

/** The database's word that the data itself cannot be kept: another try would end the same. */
function isRefusal(error: unknown): boolean {
  return /^2[23]/.test(sqlState(error) ?? '');
}

function countersOf(metrics: Metrics, waiting: () => number) {
  metrics.gauge('aftercare_alarm_changes_waiting', 'Alarm changes not yet in the database', {
    collect: (gauge) => gauge.set(waiting()),
  });
  return {
    raised: metrics.counter('aftercare_alarms_raised_total', 'Alarms raised', ['severity']),
    ignored: metrics.counter(
      'aftercare_alarm_changes_ignored_total',
      'Alarm changes written before, or of no alarm',
    ),
    refused: metrics.counter(
      'aftercare_alarm_changes_refused_total',
      'Alarm changes that the database refused',
    ),
  };
}

function watchFor(
  watched: Map<string, Set<() => void>>,
  occurrence: string,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const watchers = watched.get(occurrence) ?? new Set();
    const done = () => {
      watchers.delete(done);
      if (watchers.size === 0) watched.delete(occurrence);
      resolve();
    };
    watchers.add(done);
    watched.set(occurrence, watchers);
    signal.addEventListener('abort', done, { once: true });
  });
}
