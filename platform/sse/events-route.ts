import type { FastifyReply } from 'fastify';
import { holdsPermission } from '../auth/actor.ts';
import { type Authenticator, readCredentials } from '../http/access.ts';
import type { Routes } from '../http/routes.ts';

/** One event as the stream tells it. */
export interface FeedEvent {
  readonly id: string;
  readonly type: string;
  readonly data: unknown;
  readonly at: number;
}

/** Where the stream reads: everything that features have told each other, in one order that never changes. */
export interface EventFeed {
  /** Up to `limit` events after that one, oldest first; from the oldest kept for null or an id no longer kept. */
  since(lastId: string | null, limit: number): Promise<readonly FeedEvent[]>;
  /** The newest event's id: where a reader starts that wants only what is to come. */
  lastId(): Promise<string | null>;
  /** Calls back when `since` has more to give; may call too often. Returns how to stop. */
  onNew(listener: () => void): () => void;
}

const PERMISSION = 'events:read';
const EVENT_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const BATCH = 200;
/** A client that takes nothing for this long is dropped; it reconnects and names its last event. */
const STALLED_MS = 60_000;

interface Deps {
  readonly feed: EventFeed;
  readonly auth: Authenticator;
}

/**
 * GET /events: after `Last-Event-ID` everything since; without one, or with what is no event's id, from now on.
 * Each client reads the feed at its own pace, so a slow one costs a batch of memory and no more. A stream ends
 * when its session does, or when its user may not read events any more.
 */
export function eventRoutes({ feed, auth }: Deps): Routes {
  return (app) => {
    const shared = shareReads(feed);
    const open = new Set<FastifyReply>();
    app.addHook('preClose', async () => {
      for (const reply of open) reply.sse.close();
    });
    app.get(
      '/events',
      {
        sse: 'only',
        exposeHeadRoute: false,
        config: { permission: PERMISSION },
        schema: {
          tags: ['events'],
          summary: 'What happens, as a stream of server-sent events',
          description:
            'Needs `Accept: text/event-stream`. Each event has an `id`, its type as `event`, and `data` with `at` and `data`. After a break, send the last id as `Last-Event-ID`: everything since follows. Without it, from now on.',
        },
      },
      async (request, reply) => {
        const { token = '' } = readCredentials(request) ?? {};
        const named = reply.sse.lastEventId ?? '';
        const start = EVENT_ID.test(named) ? named : await feed.lastId();
        const news = createBell();
        const silence = shared.onNew(news.ring);
        const stall = createStallGuard(() => request.raw.destroy());
        open.add(reply);
        reply.sse.onClose(() => {
          open.delete(reply);
          silence();
          stall.stop();
          news.close();
        });
        reply.sse.sendHeaders();
        reply.raw.flushHeaders();
        await reply.sse.send(
          follow({
            lastId: start,
            since: shared.since,
            news,
            stall,
            isWelcome: async () => {
              const actor = await auth.resolve(token);
              return actor !== null && holdsPermission(actor, PERMISSION);
            },
          }),
        );
      },
    );
  };
}

interface Following {
  readonly lastId: string | null;
  readonly since: EventFeed['since'];
  readonly news: Bell;
  readonly stall: StallGuard;
  isWelcome(): Promise<boolean>;
}

async function* follow({ lastId, since, news, stall, isWelcome }: Following) {
  let after = lastId;
  while (!news.isClosed()) {
    news.listen();
    const events = await since(after, BATCH);
    if (events.length > 0 && !(await isWelcome())) return;
    for (const { id, type, data, at } of events) {
      stall.arm();
      yield { id, event: type, data: { at: new Date(at).toISOString(), data } };
      stall.stop();
      after = id;
    }
    if (events.length < BATCH) await news.rung();
  }
}

/** Wakes whoever writes a stream when there is more to write. */
export interface Bell {
  /** What rings from now on is news. */
  listen(): void;
  ring(): void;
  /** Resolves once it has rung since `listen`, or is closed. */
  rung(): Promise<void>;
  close(): void;
  isClosed(): boolean;
}

export function createBell(): Bell {
  let isRung = false;
  let isClosed = false;
  let wake: () => void = () => undefined;
  const ring = () => {
    isRung = true;
    wake();
  };
  return {
    listen: () => {
      isRung = false;
    },
    ring,
    rung: () =>
      new Promise<void>((resolve) => {
        if (isRung || isClosed) resolve();
        else wake = resolve;
      }),
    close: () => {
      isClosed = true;
      wake();
    },
    isClosed: () => isClosed,
  };
}

/** Armed while a client is to take something: one that does not for long is stalled. */
export interface StallGuard {
  arm(): void;
  stop(): void;
}

export function createStallGuard(onStall: () => void): StallGuard {
  let timer: NodeJS.Timeout | undefined;
  return {
    arm: () => {
      timer = setTimeout(onStall, STALLED_MS).unref();
    },
    stop: () => clearTimeout(timer),
  };
}

/** Clients that stand at the same event share one read of the feed. */
function shareReads(feed: EventFeed): Omit<EventFeed, 'lastId'> {
  const reads = new Map<string | null, ReturnType<EventFeed['since']>>();
  const listeners = new Set<() => void>();
  let silence: (() => void) | undefined;
  return {
    since: (lastId, limit) => {
      const running = reads.get(lastId);
      if (running !== undefined) return running;
      const read = feed.since(lastId, limit).finally(() => {
        if (reads.get(lastId) === read) reads.delete(lastId);
      });
      reads.set(lastId, read);
      return read;
    },
    onNew: (listener) => {
      listeners.add(listener);
      silence ??= feed.onNew(() => {
        reads.clear();
        for (const ring of listeners) ring();
      });
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        silence?.();
        silence = undefined;
      };
    },
  };
}
