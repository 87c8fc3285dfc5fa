import type { DomainEvent } from '#contracts/events.ts';
import type { DeviceRegistry } from '#gateway/devices/registry.ts';
import type { Logger } from '#platform/log.ts';
import { coalesce } from '#platform/outbox/coalesce.ts';
import type { EventFeed } from '#platform/outbox/event-feed.ts';

const PAGE = 500;

function isAboutDevice(event: DomainEvent): event is DomainEvent<'device.registered' | 'device.changed'> {
  return event.type === 'device.registered' || event.type === 'device.changed';
}

/**
 * Keeps this node's registry as other nodes change it: a device registered there may connect here. What they did
 * between the registry's first reading and now is read again.
 */
export async function followDevices({
  feed,
  registry,
  log,
}: {
  feed: EventFeed;
  registry: DeviceRegistry;
  log: Logger;
}): Promise<AsyncDisposable> {
  let lastId = await feed.lastId();
  await registry.load();
  const follow = async () => {
    for (let events = await feed.since(lastId, PAGE); events.length > 0; ) {
      const changed = new Set(events.filter(isAboutDevice).map(({ data }) => data.deviceId));
      if (changed.size > 0) await registry.refresh([...changed]);
      lastId = events.at(-1)?.id ?? lastId;
      events = await feed.since(lastId, PAGE);
    }
  };
  const following = coalesce(follow, (error) => log.warn({ err: error }, 'device changes not read yet'));
  const forget = feed.onNew(following.request);
  return {
    [Symbol.asyncDispose]: async () => {
      forget();
      await following.close();
    },
  };
}
