import type { Logger } from '../log.ts';
import type { Bus } from './bus.ts';

/** The bus of an installation with one node: handlers are called in the next turn of the event loop. */
export function createLocalBus({ log }: { readonly log: Logger }): Bus {
  const channels = new Map<string, Set<(payload: unknown) => void>>();
  const deliver = (channel: string, payload: unknown) => {
    for (const handler of channels.get(channel) ?? []) {
      try {
        handler(payload);
      } catch (error) {
        log.error({ err: error, channel }, 'a bus handler failed');
      }
    }
  };
  return {
    publish: (channel, payload) => void setImmediate(deliver, channel, payload),
    subscribe: (channel, handler) => {
      const handlers = channels.get(channel) ?? new Set();
      channels.set(channel, handlers);
      handlers.add(handler);
      return () => void handlers.delete(handler);
    },
    [Symbol.asyncDispose]: async () => channels.clear(),
  };
}
