import { Redis, type RedisOptions } from 'ioredis';

type Options = Pick<RedisOptions, 'autoResendUnfulfilledCommands' | 'autoResubscribe' | 'enableOfflineQueue'>;

const CONNECT_TIMEOUT_MS = 5_000;
const KEEPALIVE_MS = 10_000;
const LONGEST_RETRY_MS = 1_000;
const FIRST_RETRY_MS = 50;

/**
 * A connection to Redis that is made in the background and made again for ever; an outage is told to `onError`, once
 * an attempt, and to nobody else. End it by `disconnect`.
 */
export function openRedisClient(url: string, options: Options, onError: (error: Error) => void): Redis {
  const client = new Redis(url, {
    connectTimeout: CONNECT_TIMEOUT_MS,
    keepAlive: KEEPALIVE_MS,
    maxRetriesPerRequest: null,
    retryStrategy: (times) => Math.min(times * FIRST_RETRY_MS, LONGEST_RETRY_MS),
    ...options,
  });
  client.on('error', onError);
  return client;
}
