import { newId } from '../ids.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { createOutageLog } from '../outage-log.ts';
import { openRedisClient } from '../redis/redis-client.ts';
import type { Bus } from './bus.ts';
import { createLocalBus } from './local-bus.ts';

interface RedisBusConfig {
  readonly url: string;
  /** Before every channel: installations that share a Redis keep apart by it. */
  readonly prefix: string;
}

/** Messages on their way to a Redis that is slow to take them. */
const MAX_UNDER_WAY = 10_000;
const CONNECTION = {
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  autoResubscribe: false,
} as const;

/**
 * The bus of an installation with several nodes, by Redis publish and subscribe. Handlers of this node hear its own
 * messages directly, also while Redis is away; other nodes hear them when both reach it. Opening waits for nothing.
 */
export function openRedisBus(
  { log, metrics }: { readonly log: Logger; readonly metrics: Metrics },
  { url, prefix }: RedisBusConfig,
): Bus {
  const self = newId();
  const local = createLocalBus({ log });
  const dropped = metrics.counter(
    'aftercare_bus_messages_dropped_total',
    'Messages to other nodes that Redis did not take',
  );
  const outages = createOutageLog(log, {
    name: 'Redis',
    meanwhile: 'other nodes are not heard',
    probe: () => publisher.ping(),
  });
  const publisher = openRedisClient(url, CONNECTION, outages.report);
  const subscriber = openRedisClient(url, CONNECTION, outages.report);
  const heard = new Map<string, number>();
  const listen = (channels: readonly string[]) => {
    if (channels.length === 0 || subscriber.status !== 'ready') return;
    subscriber.subscribe(...channels.map((channel) => `${prefix}:${channel}`)).catch(outages.report);
  };
  const leave = (channel: string) => {
    const left = (heard.get(channel) ?? 1) - 1;
    if (left > 0) return heard.set(channel, left);
    heard.delete(channel);
    if (subscriber.status === 'ready') subscriber.unsubscribe(`${prefix}:${channel}`).catch(outages.report);
  };
  subscriber.on('ready', () => listen([...heard.keys()]));
  subscriber.on('message', (name: string, text: string) => {
    const message = parse(text);
    if (message === undefined || message.from === self) return;
    local.publish(name.slice(prefix.length + 1), message.payload);
  });

  let underWay = 0;
  const send = async (channel: string, text: string) => {
    if (underWay >= MAX_UNDER_WAY) return dropped.inc();
    underWay += 1;
    await publisher.publish(`${prefix}:${channel}`, text).catch(() => dropped.inc());
    underWay -= 1;
  };
  return {
    publish: (channel, payload) => {
      local.publish(channel, payload);
      const text = textOf({ from: self, payload });
      if (text === undefined) dropped.inc();
      else void send(channel, text);
    },
    subscribe: (channel, handler) => {
      const stop = local.subscribe(channel, handler);
      heard.set(channel, (heard.get(channel) ?? 0) + 1);
      if (heard.get(channel) === 1) listen([channel]);
      let isStopped = false;
      return () => {
        if (!isStopped) leave(channel);
        isStopped = true;
        stop();
      };
    },
    [Symbol.asyncDispose]: async () => {
      await outages.close();
      subscriber.disconnect();
      publisher.disconnect();
      await local[Symbol.asyncDispose]();
    },
  };
}

function textOf(message: unknown): string | undefined {
  try {
    return JSON.stringify(message);
  } catch {
    return undefined;
  }
}

/** Undefined for what is no message of ours: anybody who reaches Redis may write there. */
function parse(text: string): { from: unknown; payload: unknown } | undefined {
  try {
    const message: unknown = JSON.parse(text);
    if (typeof message !== 'object' || message === null || !('from' in message)) return undefined;
    return { from: message.from, payload: 'payload' in message ? message.payload : undefined };
  } catch {
    return undefined;
  }
}
