import { sql } from 'kysely';
import { expect, test } from 'vitest';
import type { DomainEvent } from '#contracts/events.ts';
import { openTestDatabase, type TestDatabase } from '#test/support/test-database.ts';
import { createManualClock } from '../clock.ts';
import type { Tx } from '../db/db.ts';
import { createLog } from '../log.ts';
import { createMetrics } from '../metrics/metrics.ts';
import { startEventFeed } from './event-feed.ts';
import type { Consumer, NewEvent } from './outbox.ts';
import { startOutbox } from './outbox-runner.ts';
import { createOutbox } from './postgres-outbox.ts';
import { sweepOutbox } from './sweep-outbox.ts';

const DAY_MS = 24 * 3_600_000;
const WAIT = { timeout: 20_000, interval: 10 };
const log = createLog({ level: 'silent', format: 'json' });

function changed(deviceId: string, unitId = 'u'): NewEvent {
  return { type: 'device.changed', data: { deviceId, unitId } };
}

function nodeOf({ db, pool }: TestDatabase, consumers: readonly Consumer[]) {
  const metrics = createMetrics();
  const clock = createManualClock(Date.UTC(2026, 10, 21));
  const outbox = createOutbox({ clock }, { consumers });
  const start = () => startOutbox({ db, pool, log, metrics, outbox }, { consumers, firstRetryMs: 1 });
  const publish = async (...events: NewEvent[]) => {
    await db.transaction().execute((tx) => outbox.publish(tx, events));
    outbox.wake();
  };
  return { db, outbox, metrics, clock, start, publish };
}

/** Writes what it is given into `seen`, through the transaction it is given. */
function recorder(
  name: string,
  before: (events: readonly DomainEvent[]) => void = () => undefined,
): Consumer {
  return {
    name,
    events: ['device.changed', 'device.registered'],
    handle: async (tx: Tx, events) => {
      before(events);
      const rows = JSON.stringify(events.map(({ data }) => data));
      await sql`
        insert into seen (consumer, device, unit)
        select ${name}, e->>'deviceId', e->>'unitId' from jsonb_array_elements(${rows}::jsonb) as e
      `.execute(tx);
    },
  };
}

async function openSeen(): Promise<TestDatabase> {
  const database = await openTestDatabase();
  await database.pool.query(
    'create table seen (place bigint generated always as identity, consumer text, device text, unit text)',
  );
  return database;
}

async function seenBy({ pool }: TestDatabase, consumer: string): Promise<{ device: string; unit: string }[]> {
  const { rows } = await pool.query('select device, unit from seen where consumer = $1 order by place', [
    consumer,
  ]);
  return rows;
}

test('1,000 events of 8 publishers on two nodes reach two consumers once each, each publisher in order', async () => {
  await using database = await openSeen();
  const nodes = [0, 1].map(() => nodeOf(database, [recorder('one'), recorder('two')]));
  const [left, right] = nodes;
  if (left === undefined || right === undefined) throw new Error('two nodes');
  await using _left = left.start();
  await using _right = right.start();

  const publishers = Array.from({ length: 8 }, (_, index) => `p${index}`);
  await Promise.all(
    publishers.map(async (publisher, index) => {
      const node = index % 2 === 0 ? left : right;
      for (let n = 0; n < 125; n += 5) {
        await node.publish(...[0, 1, 2, 3, 4].map((k) => changed(publisher, String(n + k))));
      }
    }),
  );

  for (const consumer of ['one', 'two']) {
    await expect.poll(async () => (await seenBy(database, consumer)).length, WAIT).toBe(1_000);
    const seen = await seenBy(database, consumer);
    for (const publisher of publishers) {
      const order = seen.filter(({ device }) => device === publisher).map(({ unit }) => Number(unit));
      expect(order).toEqual(Array.from({ length: 125 }, (_, n) => n));
    }
  }
  const { rows } = await database.pool.query('select count(*)::int as left from outbox_delivery');
  expect(rows).toEqual([{ left: 0 }]);
});

test('a transaction rolled back delivers nothing', async () => {
  await using database = await openSeen();
  const node = nodeOf(database, [recorder('one')]);
  await using _running = node.start();

  const undone = database.db.transaction().execute(async (tx) => {
    await node.outbox.publish(tx, [changed('undone')]);
    throw new Error('changed my mind');
  });
  await expect(undone).rejects.toThrow('changed my mind');
  await node.publish(changed('kept'));

  await expect.poll(() => seenBy(database, 'one'), WAIT).toEqual([{ device: 'kept', unit: 'u' }]);
});

test('an event nobody takes is kept for the feed and queued for no one', async () => {
  await using database = await openSeen();
  const node = nodeOf(database, [recorder('one')]);
  await node.publish({ type: 'maintenance.due', data: { planId: 'p', unitId: 'u', dueAtMs: 1 } });

  const { rows } = await database.pool.query(
    'select (select count(*)::int from outbox_event) as events, (select count(*)::int from outbox_delivery) as queued',
  );
  expect(rows).toEqual([{ events: 1, queued: 0 }]);
});

test('an event that fails ten times is set aside with its error, and the others are delivered once, in order', async () => {
  await using database = await openSeen();
  let attempts = 0;
  const fussy = recorder('fussy', (events) => {
    if (!events.some(({ data }) => 'deviceId' in data && data.deviceId === 'poison')) return;
    attempts += 1;
    throw new Error('cannot swallow this');
  });
  const node = nodeOf(database, [fussy]);
  await node.publish(changed('a'), changed('b'), changed('poison'), changed('c'), changed('d'));
  await using _running = node.start();

  await expect
    .poll(async () => (await database.pool.query('select * from outbox_failed')).rows, WAIT)
    .toMatchObject([
      {
        consumer: 'fussy',
        type: 'device.changed',
        data: { deviceId: 'poison', unitId: 'u' },
        error: expect.stringContaining('cannot swallow this'),
        attempts: 10,
      },
    ]);
  expect(attempts).toBe(10);
  const seen = await seenBy(database, 'fussy');
  expect(seen.map(({ device }) => device)).toEqual(['a', 'b', 'c', 'd']);
  expect(await node.metrics.registry.metrics()).toContain(
    'aftercare_outbox_set_aside_total{consumer="fussy",type="device.changed"} 1',
  );
});

test('what a failing handler wrote is undone before its events come again', async () => {
  await using database = await openSeen();
  let failures = 0;
  const inner = recorder('one');
  const shaky: Consumer = {
    ...inner,
    handle: async (tx, events) => {
      await inner.handle(tx, events);
      failures += 1;
      if (failures === 1) throw new Error('after the write');
    },
  };
  const node = nodeOf(database, [shaky]);
  await node.publish(changed('a'), changed('b'));
  await using _running = node.start();

  await expect.poll(async () => (await seenBy(database, 'one')).length, WAIT).toBe(2);
  expect(failures).toBe(3);
});

test('a second node hears of events although its connection for notifications was killed', async () => {
  await using database = await openSeen();
  const publisher = nodeOf(database, [recorder('one')]);
  const reader = nodeOf(database, [recorder('one')]);
  await using _running = reader.start();
  const listener = `select pid from pg_stat_activity where application_name = 'listen outbox' and datname = current_database()`;
  const listenerPid = async () => (await database.pool.query(listener)).rows[0]?.pid as number | undefined;
  await expect.poll(listenerPid, WAIT).toBeDefined();
  const before = await listenerPid();

  await database.pool.query('select pg_terminate_backend($1)', [before]);
  await expect.poll(listenerPid, WAIT).not.toBe(before);
  await expect.poll(listenerPid, WAIT).toBeDefined();
  await publisher.publish(changed('a'));

  await expect.poll(() => seenBy(database, 'one'), WAIT).toEqual([{ device: 'a', unit: 'u' }]);
});

test('events are handled once although every connection is killed in the middle of a batch', async () => {
  await using database = await openSeen();
  let kills = 0;
  const inner = recorder('one');
  const unlucky: Consumer = {
    ...inner,
    handle: async (tx, events) => {
      await inner.handle(tx, events);
      kills += 1;
      if (kills > 1) return;
      await database.pool.query(
        'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
      );
    },
  };
  const node = nodeOf(database, [unlucky]);
  await node.publish(changed('a'), changed('b'));
  await using _running = node.start();

  await expect.poll(async () => (await seenBy(database, 'one')).length, WAIT).toBe(2);
  const { rows } = await database.pool.query('select count(*)::int as n from outbox_failed');
  expect(rows).toEqual([{ n: 0 }]);
});

test('stopping finishes the batch in hand', async () => {
  await using database = await openSeen();
  const inner = recorder('slow');
  let begin = (): void => undefined;
  let release = (): void => undefined;
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const node = nodeOf(database, [
    {
      ...inner,
      handle: async (tx, events) => {
        begin();
        await released;
        await inner.handle(tx, events);
      },
    },
  ]);
  const running = node.start();
  await node.publish(changed('a'));
  await begun;
  const stopped = running[Symbol.asyncDispose]();
  release();
  await stopped;

  expect(await seenBy(database, 'slow')).toHaveLength(1);
});

test('a consumer that the outbox was not created with is refused, as is one named twice', async () => {
  await using database = await openSeen();
  const one = recorder('one');
  for (const known of [[], [one, one], [{ ...one, events: ['ticket.opened' as const] }]]) {
    const { db, pool } = database;
    const outbox = createOutbox({ clock: createManualClock(0) }, { consumers: known });
    const start = () =>
      startOutbox({ db, pool, log, metrics: createMetrics(), outbox }, { consumers: [one] });
    expect(start).toThrow(expect.objectContaining({ code: 'OUTBOX_CONSUMER_UNKNOWN' }));
  }
});

test('the feed gives an event that was committed after a later one', async () => {
  await using database = await openSeen();
  const node = nodeOf(database, []);
  await using runner = node.start();
  await using feed = startEventFeed({ db: database.db, log, runner });
  const news: (string | undefined)[] = [];
  feed.onNew(() => news.push('new'));
  const devices = async (lastId: string | null) =>
    (await feed.since(lastId, 100)).map(({ data }) => ('deviceId' in data ? data.deviceId : ''));

  await database.db.transaction().execute(async (late) => {
    await node.outbox.publish(late, [changed('late')]);
    await node.publish(changed('early'));
    await expect.poll(() => devices(null), WAIT).toEqual(['early']);
  });
  const lastId = await feed.lastId();
  node.outbox.wake();

  await expect.poll(() => devices(lastId), WAIT).toEqual(['late']);
  expect(await devices(null)).toEqual(['early', 'late']);
  expect((await feed.since(null, 1))[0]).toMatchObject({
    id: lastId,
    type: 'device.changed',
    at: node.clock.nowMs(),
  });
  expect(news.length).toBeGreaterThanOrEqual(1);
});

test('events are swept after 7 days, unless still queued', async () => {
  await using database = await openSeen();
  const node = nodeOf(database, [recorder('one')]);
  const deps = { db: database.db, clock: node.clock };
  await node.publish({ type: 'maintenance.due', data: { planId: 'p', unitId: 'u', dueAtMs: 1 } });
  await node.publish(changed('queued'));

  node.clock.advance(7 * DAY_MS);
  expect(await sweepOutbox(deps)).toBe(0);
  node.clock.advance(1);
  expect(await sweepOutbox(deps)).toBe(1);
  const { rows } = await database.pool.query('select type from outbox_event');
  expect(rows).toEqual([{ type: 'device.changed' }]);
});

test('what a consumer publishes wakes its takers after the commit, ahead of any sweep', async () => {
  await using database = await openSeen();
  const consumers: Consumer[] = [];
  const node = nodeOf(database, consumers);
  consumers.push(
    {
      name: 'first',
      events: ['device.changed'],
      handle: (tx) =>
        node.outbox.publish(tx, [{ type: 'device.registered', data: { deviceId: 'd', unitId: 'u' } }]),
    },
    { ...recorder('second'), events: ['device.registered'] },
  );
  const queuedAtWake: Promise<number>[] = [];
  await using _ = node.start();
  await node.publish(changed('d'));
  node.outbox.onWake(() => {
    const queued = sql<{
      n: number;
    }>`select count(*) as n from outbox_event where type = 'device.registered'`;
    queuedAtWake.push(queued.execute(database.db).then(({ rows }) => rows[0]?.n ?? 0));
  });
  await expect.poll(async () => (await database.pool.query('select 1 from seen')).rowCount, WAIT).toBe(1);
  expect(await queuedAtWake[0]).toBe(1);
});
