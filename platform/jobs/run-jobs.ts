import type { Job, Queue, WorkerOptions } from 'bullmq';
import type { Clock } from '../clock.ts';
import { AftercareError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Jobs } from './jobs.ts';

/** Of the queue and of the Redis key space or the schema it lives in. */
export const QUEUE = 'aftercare';
const CONCURRENCY = 8;
const ATTEMPTS = 8;
const FIRST_RETRY_MS = 1_000;
const FAILED_KEPT_SECONDS = 7 * 24 * 3_600;
const SHORTEST_INTERVAL_MS = 100;
const RECOVERY_MS = 1_000;
/** A killed process's jobs are taken up again after the lock ends, at the next check. */
const LOCK_MS = 10_000;
const LOCK_CHECK_MS = 5_000;
const MAX_CRASHES = 10;
const AGAIN = '~again';

export interface RetryConfig {
  /** Wait before the first retry; doubles each time, 8 attempts in all. */
  readonly firstRetryMs?: number;
}

/** What we use of a queue of BullMQ, whatever keeps its jobs. */
type JobQueue = Pick<
  Queue<unknown>,
  | 'add'
  | 'getActive'
  | 'getJobSchedulers'
  | 'getJobState'
  | 'remove'
  | 'removeJobScheduler'
  | 'upsertJobScheduler'
>;

export type RunJob = (job: Job<unknown>) => Promise<void>;

/** How to reach the jobs in PostgreSQL or in Redis. */
export interface JobStore {
  readonly queue: JobQueue;
  /** Makes the worker; it does not run yet. */
  openWorker(run: RunJob, options: Omit<WorkerOptions, 'connection'>): JobWorker;
  /** Fails at once where the jobs cannot be reached, instead of waiting for them. */
  reach<T>(ask: () => Promise<T>): Promise<T>;
  /** Before the worker runs: installs the schedules, now or as soon as that is possible. */
  prepare(worker: JobWorker, install: () => Promise<void>): Promise<void>;
  close(worker: JobWorker, running: Promise<void> | undefined): Promise<void>;
}

/** What we use of a worker of BullMQ. */
export interface JobWorker {
  waitUntilReady(): Promise<void>;
  run(): Promise<void>;
  /** Finishes the jobs in hand, unless told to leave them. */
  close(leaveJobs?: boolean): Promise<void>;
  on(event: 'failed', listener: (job: FailedJob | undefined, error: Error) => void): unknown;
}

interface FailedJob {
  readonly id?: string | undefined;
  readonly name: string;
  readonly attemptsMade: number;
}

export const JOB_QUEUE_AWAY = { name: 'job queue', meanwhile: 'jobs wait' } as const;

type Handler = (payload: unknown) => Promise<void>;

/** Options every queue is made with. */
export function jobOptions({ firstRetryMs = FIRST_RETRY_MS }: RetryConfig) {
  return {
    attempts: ATTEMPTS,
    backoff: { type: 'exponential', delay: firstRetryMs },
    removeOnComplete: true,
    removeOnFail: { age: FAILED_KEPT_SECONDS },
  };
}

/** The jobs port over a store. Disposing finishes the jobs in hand; the rest stays queued. */
export function runJobs(
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
  { queue, ...store }: JobStore,
): Jobs {
  const handlers = new Map<string, Handler>();
  const recurring = new Map<string, number>();
  const run = async (job: Job<unknown>) => {
    if (job.repeatJobKey !== undefined && !recurring.has(job.repeatJobKey)) return;
    const handler = handlers.get(job.name);
    if (handler === undefined) throw new AftercareError('JOB_UNKNOWN', `no handler for job ${job.name}`);
    if (recurring.has(job.name) && (await isRunningAlready(queue, job))) return;
    await handler(job.data);
  };
  const worker = store.openWorker(run, {
    autorun: false,
    concurrency: CONCURRENCY,
    runRetryDelay: RECOVERY_MS,
    lockDuration: LOCK_MS,
    stalledInterval: LOCK_CHECK_MS,
    maxStalledCount: MAX_CRASHES,
  });
  worker.on('failed', (job, error) => {
    const attempt = { err: error, job: job?.name, jobId: job?.id, attempt: job?.attemptsMade };
    if (job !== undefined && job.attemptsMade >= ATTEMPTS) log.error(attempt, 'job failed for good');
    else log.warn(attempt, 'job failed, will be tried again');
  });

  let running: Promise<void> | undefined;
  return {
    define: (name, handler) => void handlers.set(name, handler as Handler),
    every: (name, everyMs, handler) => {
      handlers.set(name, handler);
      recurring.set(name, Math.max(SHORTEST_INTERVAL_MS, Math.round(clock.wallDelayMs(everyMs))));
    },
    enqueue: async (name, payload, { id, atMs }) => {
      const delay = atMs === undefined ? 0 : Math.max(0, Math.ceil(clock.wallDelayMs(atMs - clock.nowMs())));
      const wanted = jobIdOf(name, id);
      await store.reach(async () => {
        const jobId = await freeJobId(queue, wanted);
        await queue.add(name, payload, { jobId, delay });
      });
    },
    cancel: async (name, id) => {
      const jobId = jobIdOf(name, id);
      await store.reach(() =>
        Promise.all([removeWaiting(queue, jobId), removeWaiting(queue, jobId + AGAIN)]),
      );
    },
    start: async () => {
      await store.prepare(worker, () => schedule(queue, recurring));
      running = worker.run().catch((error) => log.error({ err: error }, 'job worker ended'));
    },
    [Symbol.asyncDispose]: () => store.close(worker, running),
  };
}

function jobIdOf(name: string, id: string): string {
  if (!`${name}${id}`.includes(':')) return `${name}~${id}`;
  throw new AftercareError('JOB_ID_INVALID', `job ${name} ${id}: names and ids hold no ":"`);
}

/** A job that failed for good, and is kept to be looked at, or one that runs right now does not stand in the way. */
async function freeJobId(queue: JobQueue, jobId: string): Promise<string> {
  const state = await queue.getJobState(jobId);
  if (state === 'active') return freeJobId(queue, jobId + AGAIN);
  if (state === 'failed') await queue.remove(jobId);
  return jobId;
}

async function removeWaiting(queue: JobQueue, jobId: string): Promise<void> {
  const state = await queue.getJobState(jobId);
  if (state !== 'unknown' && state !== 'active') await queue.remove(jobId);
}

/** A recurring job that outlasts its interval is left to finish: the turn is skipped. */
async function isRunningAlready(queue: JobQueue, job: Job<unknown>): Promise<boolean> {
  const active = await queue.getActive();
  return active.some(
    ({ id, name, timestamp }) => name === job.name && id !== job.id && timestamp < job.timestamp,
  );
}

async function schedule(queue: JobQueue, recurring: ReadonlyMap<string, number>): Promise<void> {
  for (const { key } of await queue.getJobSchedulers()) {
    if (!recurring.has(key)) await queue.removeJobScheduler(key);
  }
  for (const [name, every] of recurring) {
    await queue.upsertJobScheduler(name, { every }, { name, data: null, opts: { attempts: 1 } });
  }
}
