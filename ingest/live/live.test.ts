import { expect, test } from 'vitest';
import { metricIndex } from '#contracts/metrics.ts';
import type { DeviceRef } from '#contracts/point-batch.ts';
import { createLocalBus } from '#platform/bus/local-bus.ts';
import { createManualClock } from '#platform/clock.ts';
import { createLog } from '#platform/log.ts';
import { openTestHttp } from '#test/support/test-http.ts';
import { createPointBuilder } from '../core/point-builder.ts';
import { VALUES, WATCHED } from './live-item.ts';
import { liveRoutes } from './live-routes.ts';
import { createLiveValues, type LiveValues } from './live-values.ts';

const T0 = Date.UTC(2026, 10, 22, 10);

const pile = (id: string, index: number): DeviceRef => ({
  id,
  index,
  kind: 'charging_pile',
  model: 'dc-pile-generic',
  unitId: 'u',
  siteId: null,
  labels: {},
});
const [one, two] = [pile('pile-1', 0), pile('pile-2', 1)];

interface TestPoint {
  readonly device?: DeviceRef;
  readonly component?: string;
  readonly seconds: number;
  readonly values: Readonly<Record<string, number>>;
}

function tell(live: LiveValues, ...points: TestPoint[]): void {
  const builder = createPointBuilder();
  for (const { device = one, component = 'connector-1', seconds, values } of points) {
    const observedAtMs = T0 + seconds * 1_000;
    builder.begin(device, component, { observedAtMs, receivedAtMs: observedAtMs });
    for (const [name, value] of Object.entries(values)) {
      builder.add(metricIndex('charging_pile', name) ?? 0, value);
    }
    builder.end();
  }
  live.onPoints(builder.finish());
}

interface Item {
  readonly deviceId: string;
  readonly component: string;
  readonly observedAt: string;
  readonly values: Record<string, number>;
}

async function openStream(port: number, headers: Record<string, string>, deviceIds: string) {
  const stop = new AbortController();
  const answer = await fetch(`http://127.0.0.1:${port}/api/v1/telemetry/live?deviceIds=${deviceIds}`, {
    headers: { accept: 'text/event-stream', ...headers },
    signal: stop.signal,
  });
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  return {
    status: answer.status,
    /** Items heard so far, once there are that many; all of them once the stream has ended. */
    items: async (count: number): Promise<Item[]> => {
      const heard = (): Item[] =>
        [...text.matchAll(/^data: (.*)$/gm)].flatMap(([, data = '{}']) => JSON.parse(data).items);
      while (heard().length < count) {
        const part = await reader?.read();
        if (part === undefined || part.done) break;
        text += part.value;
      }
      return heard();
    },
    leave: () => stop.abort(),
  };
}

/** Two nodes on one bus: devices are connected to the first, watchers to the second. */
async function open() {
  const log = createLog({ level: 'silent', format: 'json' });
  const bus = createLocalBus({ log });
  const clock = createManualClock(T0);
  const findDevice = (id: string) => [one, two].find((device) => device.id === id);
  const owner = createLiveValues({ bus, log, findDevice });
  const other = createLiveValues({ bus, log, findDevice });
  const http = await openTestHttp(({ auth }) => [(app) => liveRoutes(app, { live: other, auth, clock })]);
  const { authorization, userId } = await http.signIn('technician');
  const port = await http.listen({ host: '127.0.0.1', port: 0 });
  const carried: unknown[] = [];
  const asked: unknown[] = [];
  bus.subscribe(VALUES, (payload) => carried.push(payload));
  bus.subscribe(WATCHED, (payload) => asked.push(payload));
  return {
    http,
    bus,
    port,
    clock,
    owner,
    carried,
    me: { authorization },
    userId,
    watch: async (deviceIds: string) => {
      const before = asked.length;
      const stream = await openStream(port, { authorization }, deviceIds);
      await expect.poll(() => asked.length).toBeGreaterThan(before);
      return stream;
    },
    [Symbol.asyncDispose]: async () => {
      await http[Symbol.asyncDispose]();
      await other[Symbol.asyncDispose]();
      await owner[Symbol.asyncDispose]();
    },
  };
}

test('whoever watches a device of another node gets its newest values, merged, and of no other device', async () => {
  await using desk = await open();
  tell(desk.owner, { seconds: 0, values: { power: 1 } });
  const stream = await desk.watch('pile-1');
  tell(
    desk.owner,
    { seconds: 10, values: { power: 7_000, current: 30 } },
    { device: two, seconds: 10, values: { power: 5 } },
    { seconds: 11, values: { current: 32 } },
    { seconds: 9, values: { power: 1 } },
    { component: 'connector-2', seconds: 10, values: { status: 2 } },
  );
  expect(await stream.items(2)).toEqual([
    {
      deviceId: 'pile-1',
      component: 'connector-1',
      observedAt: '2026-11-22T10:00:11.000Z',
      values: { power: 7_000, current: 32 },
    },
    {
      deviceId: 'pile-1',
      component: 'connector-2',
      observedAt: '2026-11-22T10:00:10.000Z',
      values: { status: 2 },
    },
  ]);
  tell(desk.owner, { seconds: 9, values: { power: 2 } }, { seconds: 20, values: { soc: 50 } });
  const third = (await stream.items(3))[2];
  expect(third).toMatchObject({ observedAt: '2026-11-22T10:00:20.000Z', values: { soc: 50 } });
  expect(desk.carried).toHaveLength(2);
  stream.leave();
});

test('a stream ends when its user may not read telemetry any more', async () => {
  await using desk = await open();
  const stream = await desk.watch('pile-1');
  await desk.http.auth.users.change({ type: 'system', name: 'test' }, desk.userId, {
    change: { roles: [] },
    guard: () => undefined,
  });
  tell(desk.owner, { seconds: 1, values: { power: 1 } });
  expect(await stream.items(1)).toEqual([]);
});

test('a stream that has told something ends too, three seconds later at most', async () => {
  await using desk = await open();
  const stream = await desk.watch('pile-1');
  tell(desk.owner, { seconds: 1, values: { power: 1 } });
  expect(await stream.items(1)).toHaveLength(1);
  await desk.http.auth.users.change({ type: 'system', name: 'test' }, desk.userId, {
    change: { isActive: false },
    guard: () => undefined,
  });
  desk.clock.advance(3_000);
  tell(desk.owner, { seconds: 2, values: { power: 2 } });
  expect(await stream.items(2)).toHaveLength(1);
});

test('one user has ten streams at most, and may open another once one is closed', async () => {
  await using desk = await open();
  const streams = [];
  for (let n = 0; n < 10; n++) streams.push(await desk.watch('pile-1'));
  const status = async () => {
    const stream = await openStream(desk.port, desk.me, 'pile-1');
    stream.leave();
    return stream.status;
  };
  expect(await status()).toBe(429);
  const other = await desk.http.signIn('technician');
  const theirs = await openStream(desk.port, { authorization: other.authorization }, 'pile-1');
  expect(theirs.status).toBe(200);
  theirs.leave();
  streams[0]?.leave();
  await expect.poll(status).toBe(200);
  for (const stream of streams) stream.leave();
});

test('ids of no device take no place from those of devices', async () => {
  await using desk = await open();
  for (let n = 0; n < 6; n++) {
    const deviceIds = Array.from({ length: 1_000 }, (_, i) => `nobody-${n}-${i}`);
    desk.bus.publish(WATCHED, { deviceIds });
  }
  const stream = await desk.watch('pile-1');
  tell(desk.owner, { seconds: 1, values: { power: 1 } });
  expect(await stream.items(1)).toHaveLength(1);
  stream.leave();
});

test('closing the app ends every stream', async () => {
  const desk = await open();
  const stream = await desk.watch('pile-1,pile-2');
  await desk[Symbol.asyncDispose]();
  expect(await stream.items(1)).toEqual([]);
});

test.each([
  ['no device', ''],
  ['what is no id', 'pile%201'],
  ['too many', Array.from({ length: 201 }, (_, n) => `p${n}`).join(',')],
])('%s is refused', async (_, deviceIds) => {
  await using desk = await open();
  expect((await openStream(desk.port, desk.me, deviceIds)).status).toBe(422);
  expect((await openStream(desk.port, {}, 'pile-1')).status).toBe(401);
});
