import { createHash } from 'node:crypto';
import type { Bus } from '#platform/bus/bus.ts';
import { createLocalBus } from '#platform/bus/local-bus.ts';
import { openRedisBus } from '#platform/bus/redis-bus.ts';
import { openBullmqJobs } from '#platform/jobs/bullmq-jobs.ts';
import type { Jobs } from '#platform/jobs/jobs.ts';
import { openRedisJobs } from '#platform/jobs/redis-jobs.ts';
import type { Ground } from './ground.ts';

/** Nodes of one installation share the server key, and installations may share a Redis. */
function prefixOf(secretKey: Buffer): string {
  return `aftercare-${createHash('sha256').update(secretKey).digest('hex').slice(0, 12)}`;
}

/** Messages between nodes: Redis where there is one, else this node is the only one. */
export function openBus({ config, log, metrics, secretKey }: Omit<Ground, 'bus'>): Bus {
  const part = log.child({ part: 'bus' });
  return config.REDIS_URL === undefined
    ? createLocalBus({ log: part })
    : openRedisBus({ log: part, metrics }, { url: config.REDIS_URL, prefix: prefixOf(secretKey) });
}

/** Jobs in Redis where there is one, else in PostgreSQL. */
export function openJobs({ config, clock, log, storage, secretKey }: Ground): Promise<Jobs> {
  return config.REDIS_URL === undefined
    ? openBullmqJobs({ clock, log }, { connectionString: storage.url })
    : openRedisJobs({ clock, log }, { url: config.REDIS_URL, prefix: prefixOf(secretKey) });
}
