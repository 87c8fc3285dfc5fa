import { createPostgresBackend, type Job, type PgPool, withBackend } from 'bullmq';
import pg from 'pg';
import type { Clock } from '../clock.ts';
import { AftercareError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Jobs } from './jobs.ts';
import { createOutageLog } from './outage-log.ts';

const { Queue, Worker } = withBackend(createPostgresBackend);

const QUEUE = 'aftercare';
const SCHEMA = 'bullmq';
const CONNECTIONS = 2;
const CONCURRENCY = 8;
const ATTEMPTS = 8;
const FAILED_KEPT_SECONDS = 7 * 24 * 3_600;
const SHORTEST_INTERVAL_MS = 100;
const RECOVERY_MS = 1_000;
/** A killed process's jobs are taken up again after the lock ends, at the next check. */
const LOCK_MS = 10_000;
const LOCK_CHECK_MS = 5_000;
const MAX_CRASHES = 10;
const AGAIN = '~again';

interface BullmqJobsConfig {
  readonly connectionString: string;
  /** Wait before the first retry; doubles each time, 8 attempts in all. */
  readonly firstRetryMs?: number;
}

type Handler = (payload: unknown) => Promise<void>;

/**
 * Jobs on BullMQ in a schema of its own in PostgreSQL, which it creates. Dispose it before the database goes:
 * jobs in hand are finished, the rest stays queued.
 */
export async function openBullmqJobs(
  { clock, log }: { clock: Clock; log: Logger },
  { connectionString, firstRetryMs = 1_000 }: BullmqJobsConfig,
): Promise<Jobs> {
  const pool = openWorkerPool(connectionString);
  const outages = createOutageLog(log, () => pool.query('select 1'));
  const defaultJobOptions = {
    attempts: ATTEMPTS,
    backoff: { type: 'exponential', delay: firstRetryMs },
    removeOnComplete: true,
    removeOnFail: { age: FAILED_KEPT_SECONDS },
  };
  const queue = new Queue<unknown>(QUEUE, {
    connection: { connectionString, schema: SCHEMA, max: CONNECTIONS, migrate: true },
    defaultJobOptions,
  });
  queue.on('error', outages.report);
  await queue.waitUntilReady();

  const handlers = new Map<string, Handler>();
  const recurring = new Map<string, number>();
  const run = async (job: Job<unknown>) => {
    if (job.repeatJobKey !== undefined && !recurring.has(job.repeatJobKey)) return;
    const handler = handlers.get(job.name);
    if (handler === undefined) throw new AftercareError('JOB_UNKNOWN', `no handler for job ${job.name}`);
    if (recurring.has(job.name) && (await isRunningAlready(queue, job))) return;
    await handler(job.data);
  };
  const worker = new Worker<unknown>(QUEUE, run, {
    connection: pool as unknown as PgPool,
    autorun: false,
    concurrency: CONCURRENCY,
    runRetryDelay: RECOVERY_MS,
    lockDuration: LOCK_MS,
    stalledInterval: LOCK_CHECK_MS,
    maxStalledCount: MAX_CRASHES,
  });
  worker.on('error', outages.report);
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
      const jobId = await freeJobId(queue, jobIdOf(name, id));
      await queue.add(name, payload, { jobId, delay });
    },
    cancel: async (name, id) => {
      const jobId = jobIdOf(name, id);
      await Promise.all([removeWaiting(queue, jobId), removeWaiting(queue, jobId + AGAIN)]);
    },
    start: async () => {
      await schedule(queue, recurring);
      await worker.waitUntilReady();
      running = worker.run().catch((error) => log.error({ err: error }, 'job worker ended'));
    },
    [Symbol.asyncDispose]: async () => {
      await worker.close();
      await running;
      await outages.close();
      await pool.end();
      await queue.close();
    },
  };
}

/**
 * The worker gets a pool of ours, one connection of which listens: it gives that one back to the pool at the end,
 * which hears its errors to the last. A listening connection of BullMQ's own is deaf while it closes, and one
 * error then ends the process.
 */
function openWorkerPool(connectionString: string): pg.Pool {
  const pool = new pg.Pool({
    connectionString,
    max: CONNECTIONS + 1,
    keepAlive: true,
    options: `-c search_path="${SCHEMA}"`,
  });
  pool.on('connect', (client) => client.on('error', () => undefined));
  pool.on('error', () => undefined);
  return pool;
}

type JobQueue = InstanceType<typeof Queue<unknown>>;

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
