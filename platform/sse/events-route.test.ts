import { expect, test } from 'vitest';
import { openTestHttp } from '#test/support/test-http.ts';
import { type EventFeed, eventRoutes, type FeedEvent } from './events-route.ts';

const PREFIX = '00000000-0000-7000-8000-';
const idOf = (n: number): string => `${PREFIX}${String(n).padStart(12, '0')}`;

function createFeed() {
  const events: FeedEvent[] = [];
  const listeners = new Set<() => void>();
  const feed: EventFeed = {
    since: async (lastId, limit) => {
      const from = events.findIndex(({ id }) => id === lastId) + 1;
      return events.slice(from, from + limit);
    },
    lastId: async () => events.at(-1)?.id ?? null,
    onNew: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return {
    feed,
    tell: (...ids: number[]) => {
      for (const id of ids)
        events.push({ id: idOf(id), type: 'ticket.opened', data: { ticketId: `t-${id}` }, at: id });
      for (const listener of listeners) listener();
    },
    listeners: () => listeners.size,
  };
}

async function openStream(port: number, headers: Record<string, string>) {
  const stop = new AbortController();
  const answer = await fetch(`http://127.0.0.1:${port}/api/v1/events`, {
    headers: { accept: 'text/event-stream', ...headers },
    signal: stop.signal,
  });
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  return {
    status: answer.status,
    type: answer.headers.get('content-type'),
    /** Ids read so far, once there are that many; all of them once the stream has ended. */
    ids: async (count: number): Promise<number[]> => {
      const read = () => [...text.matchAll(/^id: \S{24}(\d{12})$/gm)].map((match) => Number(match[1]));
      while (read().length < count) {
        const part = await reader?.read();
        if (part === undefined || part.done) break;
        text += part.value;
      }
      return read();
    },
    text: () => text,
    leave: () => stop.abort(),
  };
}

async function open() {
  const source = createFeed();
  const http = await openTestHttp(({ auth }) => [eventRoutes({ feed: source.feed, auth })]);
  const { authorization, userId } = await http.signIn('technician');
  const port = await http.listen({ host: '127.0.0.1', port: 0 });
  return { ...http, source, port, me: { authorization }, userId };
}

test('a client hears what happens from now on, and after a break what it missed, once and in order', async () => {
  await using desk = await open();
  const { source } = desk;
  source.tell(1, 2);
  const first = await openStream(desk.port, desk.me);
  expect([first.status, first.type]).toEqual([200, 'text/event-stream']);
  source.tell(3);
  expect(await first.ids(1)).toEqual([3]);
  expect(first.text()).toContain(
    'event: ticket.opened\ndata: {"at":"1970-01-01T00:00:00.003Z","data":{"ticketId":"t-3"}}',
  );
  first.leave();
  await expect.poll(source.listeners).toBe(0);
  const missed = Array.from({ length: 450 }, (_, index) => 4 + index);
  source.tell(...missed);
  const second = await openStream(desk.port, { ...desk.me, 'last-event-id': idOf(3) });
  source.tell(454);
  expect(await second.ids(451)).toEqual([...missed, 454]);
  second.leave();
});

test('a stream ends when its session does', async () => {
  await using desk = await open();
  const stream = await openStream(desk.port, desk.me);
  desk.source.tell(1);
  expect(await stream.ids(1)).toEqual([1]);
  const user = await desk.auth.users.find(desk.userId);
  await desk.auth.users.change({ type: 'system', name: 'test' }, user.id, {
    change: { isActive: false },
    guard: () => undefined,
  });
  desk.source.tell(2);
  expect(await stream.ids(2)).toEqual([1]);
  await expect.poll(desk.source.listeners).toBe(0);
});

test('a stream ends when its user may not read events any more, though they stay signed in', async () => {
  await using desk = await open();
  const stream = await openStream(desk.port, desk.me);
  desk.source.tell(1);
  expect(await stream.ids(1)).toEqual([1]);
  await desk.auth.users.change({ type: 'system', name: 'test' }, desk.userId, {
    change: { roles: [] },
    guard: () => undefined,
  });
  desk.source.tell(2);
  expect(await stream.ids(2)).toEqual([1]);
  expect((await openStream(desk.port, desk.me)).status).toBe(403);
});

test('a Last-Event-ID that is no id of an event counts as none', async () => {
  await using desk = await open();
  desk.source.tell(1);
  const stream = await openStream(desk.port, { ...desk.me, 'last-event-id': 'x' });
  desk.source.tell(2);
  expect(await stream.ids(1)).toEqual([2]);
  stream.leave();
});

test('closing the app ends every stream', async () => {
  const desk = await open();
  const stream = await openStream(desk.port, desk.me);
  await desk[Symbol.asyncDispose]();
  expect(await stream.ids(1)).toEqual([]);
});

test('the stream needs a session', async () => {
  await using desk = await open();
  expect((await openStream(desk.port, {})).status).toBe(401);
});
