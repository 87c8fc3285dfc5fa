import { Redis } from 'ioredis';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import type { Bus } from '#platform/bus/bus.ts';
import { createLocalBus } from '#platform/bus/local-bus.ts';
import { openRedisBus } from '#platform/bus/redis-bus.ts';
import { createLog } from '#platform/log.ts';
import { createMetrics } from '#platform/metrics/metrics.ts';
import { hasRedis, openTestRedis } from '#test/support/redis-server.ts';
import { describeBus, untilHeard } from './bus.ts';

const WAIT = { timeout: 20_000, interval: 20 };
const log = createLog({ level: 'silent', format: 'json' });
const open = (url: string, prefix = 'test') =>
  openRedisBus({ log, metrics: createMetrics() }, { url, prefix });

describeBus('the bus of one node', async () => {
  const bus = createLocalBus({ log });
  return { left: bus, right: bus, [Symbol.asyncDispose]: bus[Symbol.asyncDispose] };
});

describe.skipIf(!hasRedis)('with Redis', () => {
  describeBus('the bus over Redis', async () => {
    const redis = await openTestRedis();
    const left = open(redis.url);
    const right = open(redis.url);
    return {
      left,
      right,
      [Symbol.asyncDispose]: async () => {
        await left[Symbol.asyncDispose]();
        await right[Symbol.asyncDispose]();
        await redis[Symbol.asyncDispose]();
      },
    };
  });

  test('Redis away at the start and killed in flight: a node hears itself, and others when it is back', async () => {
    await using redis = await openTestRedis({ isStopped: true });
    const lines: string[] = [];
    const told = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line).msg) });
    const metrics = createMetrics();
    await using left = openRedisBus({ log: told, metrics }, { url: redis.url, prefix: 'test' });
    await using right = open(redis.url);
    const own: unknown[] = [];
    left.subscribe('own', (payload) => own.push(payload));
    left.publish('own', 1);
    await expect.poll(() => own, WAIT).toEqual([1]);
    await expect.poll(() => lines, WAIT).toEqual(['Redis is away: other nodes are not heard']);

    await redis.start();
    await untilHeard(left, right, 'units');
    await untilHeard(right, left, 'units');
    await expect.poll(() => lines.at(-1), WAIT).toBe('Redis is back');

    await redis.stop();
    await expect.poll(() => lines.length, WAIT).toBe(3);
    left.publish('own', 2);
    await expect.poll(() => own, WAIT).toEqual([1, 2]);
    await redis.start();
    await untilHeard(left, right, 'units');
    await untilHeard(right, left, 'other units');
    await expect.poll(() => lines.length, WAIT).toBe(4);
    const dropped = await metrics.registry.getSingleMetric('aftercare_bus_messages_dropped_total')?.get();
    expect(dropped?.values[0]?.value).toBeGreaterThanOrEqual(2);
  });

  test('two installations on one Redis do not hear each other, and foreign messages harm nobody', async () => {
    await using redis = await openTestRedis();
    await using here = open(redis.url, 'one');
    await using friend = open(redis.url, 'one');
    await using stranger = open(redis.url, 'two');
    const heard: unknown[] = [];
    const listen = (bus: Bus) => bus.subscribe('units', (payload) => heard.push(payload));
    listen(stranger);
    const foreign = new Redis(redis.url);
    await untilHeard(here, friend, 'units');
    for (const text of ['{', '7', 'null', '{}']) await foreign.publish('one:units', text);
    await untilHeard(here, friend, 'units');
    await untilHeard(friend, here, 'units');
    foreign.disconnect();

    expect(heard).toEqual([]);
  });

  test('what cannot be told in JSON is counted and gone', async () => {
    await using redis = await openTestRedis();
    const metrics = createMetrics();
    await using bus = openRedisBus({ log, metrics }, { url: redis.url, prefix: 'test' });
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    bus.publish('units', circle);
    const dropped = await metrics.registry.getSingleMetric('aftercare_bus_messages_dropped_total')?.get();
    expect(dropped?.values[0]?.value).toBe(1);
  });
});
