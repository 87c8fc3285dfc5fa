import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { createRedisBackend, withBackend } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Clock } from '../clock.ts';
import { AftercareError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { createOutageLog } from '../outage-log.ts';
import { openRedisClient } from '../redis/redis-client.ts';
import type { Jobs } from './jobs.ts';
import { JOB_QUEUE_AWAY, type JobStore, jobOptions, QUEUE, type RetryConfig, runJobs } from './run-jobs.ts';

const { Queue, Worker } = withBackend(createRedisBackend);

const ANSWER_MS = 5_000;
const INSTALL_RETRY_MS = 1_000;
const FINISH_MS = 10_000;

interface RedisJobsConfig extends RetryConfig {
  readonly url: string;
  /** Before every key: installations that share a Redis keep apart by it. */
  readonly prefix: string;
}

/**
 * Jobs on BullMQ in Redis. Opening waits for the first answer or refusal only: while Redis is away `enqueue` and `cancel` fail
 * with JOBS_UNAVAILABLE, and schedules are installed each time it is back.
 */
export async function openRedisJobs(
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
  { url, prefix, ...retries }: RedisJobsConfig,
): Promise<Jobs> {
  const outages = createOutageLog(log, {
    ...JOB_QUEUE_AWAY,
    probe: () => reach(client, () => client.ping()),
  });
  const client = openRedisClient(url, {}, outages.report);
  const worked = openRedisClient(url, {}, outages.report);
  const queue = new Queue<unknown>(QUEUE, {
    connection: client,
    prefix,
    defaultJobOptions: jobOptions(retries),
  });
  queue.on('error', outages.report);
  await once(client, 'ready').catch(() => undefined);
  const closing = new AbortController();
  let installing: Promise<void> = Promise.resolve();
  const store: JobStore = {
    queue,
    openWorker: (run, options) => {
      const worker = new Worker<unknown>(QUEUE, run, { ...options, connection: worked, prefix });
      worker.on('error', outages.report);
      return worker;
    },
    reach: (ask) => reach(client, ask),
    prepare: async (_worker, install) => {
      const installNow = () => reach(client, install);
      const begin = () => {
        installing = installing.then(() => untilInstalled(installNow, { log, signal: closing.signal }));
        void warnOfEviction(client, log);
      };
      client.on('ready', begin);
      if (client.status !== 'ready') return;
      begin();
      await installing;
    },
    close: async (worker, running) => {
      closing.abort();
      await installing;
      if (worked.status === 'ready') await withinReason(worker.close().then(() => running));
      else await withinReason(worker.close(true));
      worked.disconnect();
      await outages.close();
      await queue.close();
      client.disconnect();
    },
  };
  return runJobs({ clock, log }, store);
}

/** While Redis is away nothing about the jobs in hand can be written: they are taken up again by their lock's end. */
async function withinReason(closed: Promise<void>): Promise<void> {
  const done = new AbortController();
  await Promise.race([closed, wait(FINISH_MS, undefined, { signal: done.signal }).catch(() => undefined)]);
  done.abort();
}

/** A command that Redis never answers would wait until it is back. */
async function reach<T>(client: Redis, ask: () => Promise<T>): Promise<T> {
  if (client.status !== 'ready') throw unavailable();
  const answered = new AbortController();
  const late = wait(ANSWER_MS, undefined, { signal: answered.signal }).then(
    () => Promise.reject(unavailable()),
    () => new Promise<never>(() => undefined),
  );
  try {
    return await Promise.race([ask(), late]);
  } finally {
    answered.abort();
  }
}

function unavailable(): AftercareError {
  return new AftercareError(
    'JOBS_UNAVAILABLE',
    'Redis does not answer: the job may have to be asked for again',
    {
      kind: 'unavailable',
    },
  );
}

async function untilInstalled(
  install: () => Promise<void>,
  { log, signal }: { readonly log: Logger; readonly signal: AbortSignal },
): Promise<void> {
  while (!signal.aborted) {
    const failure = await install().then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    if (failure === undefined) return;
    log.warn({ err: failure.error }, 'job schedules are not installed yet');
    await wait(INSTALL_RETRY_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** Redis that may forget keys when it is full forgets jobs. */
async function warnOfEviction(client: Redis, log: Logger): Promise<void> {
  const text = await client.info('memory').catch(() => '');
  const policy = /maxmemory_policy:(\S+)/.exec(text)?.[1];
  if (policy === undefined || policy === 'noeviction') return;
  log.warn({ policy }, 'Redis may drop jobs when it is full: set maxmemory-policy to noeviction');
}
