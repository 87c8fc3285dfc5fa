import { createPostgresBackend, type PgPool, withBackend } from 'bullmq';
import pg from 'pg';
import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import { createOutageLog } from '../outage-log.ts';
import type { Jobs } from './jobs.ts';
import { JOB_QUEUE_AWAY, jobOptions, QUEUE, type RetryConfig, runJobs } from './run-jobs.ts';

const { Queue, Worker } = withBackend(createPostgresBackend);

const SCHEMA = 'bullmq';
const CONNECTIONS = 2;

interface BullmqJobsConfig extends RetryConfig {
  readonly connectionString: string;
}

/**
 * Jobs on BullMQ in a schema of its own in PostgreSQL, which it creates. Dispose it before the database goes:
 * jobs in hand are finished, the rest stays queued.
 */
export async function openBullmqJobs(
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
  { connectionString, ...retries }: BullmqJobsConfig,
): Promise<Jobs> {
  const pool = openWorkerPool(connectionString);
  const outages = createOutageLog(log, { ...JOB_QUEUE_AWAY, probe: () => pool.query('select 1') });
  const queue = new Queue<unknown>(QUEUE, {
    connection: { connectionString, schema: SCHEMA, max: CONNECTIONS, migrate: true },
    defaultJobOptions: jobOptions(retries),
  });
  queue.on('error', outages.report);
  await queue.waitUntilReady();
  return runJobs(
    { clock, log },
    {
      queue,
      openWorker: (run, options) => {
        const worker = new Worker<unknown>(QUEUE, run, {
          ...options,
          connection: pool as unknown as PgPool,
        });
        worker.on('error', outages.report);
        return worker;
      },
      reach: (ask) => ask(),
      prepare: async (worker, install) => {
        await install();
        await worker.waitUntilReady();
      },
      close: async (worker, running) => {
        await worker.close();
        await running;
        await outages.close();
        await pool.end();
        await queue.close();
      },
    },
  );
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
