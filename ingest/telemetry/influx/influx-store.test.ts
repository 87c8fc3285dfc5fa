import { createServer } from 'node:http';
import { sql } from 'kysely';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { createManualClock } from '#platform/clock.ts';
import { createMetrics } from '#platform/metrics/metrics.ts';
import { eventually } from '#test/support/eventually.ts';
import { hasInflux, openTestInflux } from '#test/support/influx-server.ts';
import { batchOf, deviceOf, type WrittenPoint } from '#test/support/telemetry-points.ts';
import { openTestDatabase } from '#test/support/test-database.ts';
import { openTestFolder } from '#test/support/test-folder.ts';
import { hasVictoria, openTestVictoria } from '#test/support/victoria-server.ts';
import { startIngest } from '../../ingest.ts';
import type { RefusedPoint } from '../telemetry-store.ts';
import { openInfluxStore } from './influx-store.ts';

const START = Date.UTC(2026, 10, 21, 10);
const MINUTE = 60_000;
const HOUR = 3_600_000;

interface LogLine {
  readonly level: number;
  readonly code?: string;
  readonly msg: string;
}

/** The store over a server, with what it tells. */
async function openStore(
  url: string,
  { token, bucket = 'aftercare' }: { token?: string; bucket?: string } = {},
) {
  const database = await openTestDatabase();
  const clock = createManualClock(START);
  const refused: RefusedPoint[] = [];
  const lines: LogLine[] = [];
  const metrics = createMetrics();
  const log = pino(
    { level: 'info' },
    { write: (line: string) => void lines.push(JSON.parse(line) as LogLine) },
  );
  const store = await openInfluxStore(
    { db: database.db, clock, log, metrics, onRefused: (points) => refused.push(...points) },
    { url, token, org: 'aftercare', bucket, rawDays: 30 },
  );
  return {
    db: database.db,
    store,
    clock,
    refused,
    lines,
    write: (points: readonly WrittenPoint[]) => store.write([batchOf(points)]),
    /** Instants that have a value of the metric. */
    async found(metric = 'power', deviceId = 'unit-1') {
      const fromMs = START - 365 * 24 * HOUR;
      const span = { fromMs, toMs: START + 24 * HOUR, everyMs: null, agg: 'avg' } as const;
      const [series] = await store.query({ deviceId, kind: 'ac_unit', metrics: [metric], ...span });
      return series?.points ?? [];
    },
    /** A rollup of the hour that begins an hour after the start, or of its minutes. */
    async rolled(everyMs: number, metric = 'power') {
      const span = { fromMs: START + HOUR, toMs: START + 24 * HOUR, everyMs, agg: 'avg' } as const;
      const [series] = await store.query({ deviceId: 'unit-1', kind: 'ac_unit', metrics: [metric], ...span });
      return series?.points ?? [];
    },
    async counted() {
      const counter = metrics.registry.getSingleMetric('aftercare_telemetry_refused_points_total');
      const { values = [] } = (await counter?.get()) ?? {};
      return Object.fromEntries(values.map(({ labels, value }) => [labels.reason, value]));
    },
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'written',
    (error: { code?: string }) => error.code,
  );

/** What an operator or another program does to the server behind our back. */
async function command(url: string, q: string): Promise<void> {
  await fetch(`${url}/query?${new URLSearchParams({ q, db: 'aftercare' })}`, { method: 'POST' });
}

describe.skipIf(!hasInflux())('with InfluxDB 1.6', () => {
  test('a field that somebody wrote as an integer refuses its points only; the rest of the batch is stored', async () => {
    await using server = await openTestInflux();
    await using at = await openStore(server.url);
    await at.write([{ device: 'other', at: START, values: { humidity: 1 } }]);
    await fetch(`${server.url}/write?db=aftercare&precision=ms`, {
      method: 'POST',
      body: `ac_unit,device_id=x power=1i ${START}`,
    });
    const points = Array.from({ length: 100 }, (_, n) => ({
      device: `unit-${n % 4}`,
      at: START + n * 1_000,
      values: n % 3 === 0 ? { power: n, humidity: n } : { supply_temp: n },
    }));
    await at.write(points);
    await at.write([{ at: START + 500, values: { supply_temp: 7 } }]);
    const bad = points.filter(({ values }) => values.power !== undefined);
    expect(at.refused.map(({ observedAtMs }) => observedAtMs)).toEqual(bad.map((point) => point.at));
    expect(at.refused[0]).toMatchObject({
      device: deviceOf('unit-0'),
      component: '',
      code: 'TELEMETRY_REFUSED_TYPE_CONFLICT',
      values: { power: 0, humidity: 0 },
    });
    expect(await at.counted()).toEqual({ type_conflict: bad.length });
    const good = points.filter(({ device, values }) => device === 'unit-1' && values.power === undefined);
    expect((await at.found('supply_temp')).map(([ms]) => ms)).toEqual(
      [START + 500, ...good.map((point) => point.at)].sort((one, other) => one - other),
    );
  });

  test('points behind the retention of the database are refused, once, and the newer ones stored', async () => {
    await using server = await openTestInflux();
    await using at = await openStore(server.url);
    const now = Date.now();
    await at.write([{ at: now, values: { humidity: 1 } }]);
    await command(server.url, 'alter retention policy autogen on aftercare duration 24h shard duration 1h');
    const ages = Array.from({ length: 64 }, (_, n) => (n % 2 === 0 ? n : 400 * 24) * HOUR * 0.1);
    await at.write(ages.map((age, n) => ({ at: Math.floor(now - age - n), values: { power: n } })));
    expect(at.refused.map(({ code }) => code)).toEqual(Array(32).fill('TELEMETRY_REFUSED_RETENTION'));
    expect(at.refused.every(({ values }) => (values.power ?? 0) % 2 === 1)).toBe(true);
  });

  test('a value that is no finite number is left out, and refused where it is a point of its own', async () => {
    await using server = await openTestInflux();
    await using at = await openStore(server.url);
    await at.write([
      { at: START, values: { power: Number.POSITIVE_INFINITY, humidity: 3 } },
      { at: START + 1, values: { power: Number.NaN } },
      { at: START + 2, values: { power: 5 } },
    ]);
    expect(await at.found()).toEqual([[START + 2, 5]]);
    expect(await at.found('humidity')).toEqual([[START, 3]]);
    expect(await at.counted()).toEqual({ not_finite: 1 });
  });

  test('a server that is away at the start or stopped between writes is told once and written to when back', async () => {
    await using server = await openTestInflux();
    await server.stop();
    await using at = await openStore(server.url);
    const point = { at: START, values: { power: 1 } };
    expect(await codeOf(at.write([point]))).toBe('TELEMETRY_STORE_AWAY');
    expect(await codeOf(at.write([point]))).toBe('TELEMETRY_STORE_AWAY');
    expect(await codeOf(at.found())).toBe('TELEMETRY_STORE_AWAY');
    expect(at.lines.map(({ code }) => code)).toEqual(['TELEMETRY_STORE_AWAY']);
    await server.start();
    await at.write([point]);
    await server.stop();
    expect(await codeOf(at.write([{ at: START + 1, values: { power: 2 } }]))).toBe('TELEMETRY_STORE_AWAY');
    await server.start();
    await at.write([{ at: START + 1, values: { power: 2 } }]);
    expect(await at.found()).toEqual([
      [START, 1],
      [START + 1, 2],
    ]);
    expect(at.refused).toEqual([]);
  });

  test('a server killed in mid-stream loses nothing that was acknowledged', async () => {
    await using server = await openTestInflux();
    await using at = await openStore(server.url);
    await using folder = await openTestFolder();
    await using ingest = await startIngest(
      {
        clock: at.clock,
        log: pino({ level: 'silent' }),
        findDevice: deviceOf,
        writePoints: at.store.write,
        saveRecords: async () => undefined,
        onBatch: () => undefined,
        rulesSequence: () => 0,
      },
      {
        dataDir: folder.path,
        maxLogBytes: 100_000_000,
        maxAgeMs: 30 * 24 * HOUR,
        storedSequence: 0,
        tickMs: HOUR,
      },
    );
    let acknowledged = 0;
    const send = (n: number) =>
      new Promise<void>((resolve) => {
        ingest.sink.accept({
          protocol: 'mqtt',
          device: deviceOf(),
          channel: 'telemetry',
          payload: Buffer.from(JSON.stringify({ ts: START - 1_000_000 + n, values: { power: n } })),
          receivedAtMs: START,
          isDuplicateFlagged: false,
          packetId: (n % 65_535) + 1,
          session: 's',
          qos: 1,
          acknowledge() {
            acknowledged += 1;
            resolve();
          },
        });
      });
    for (let round = 0; round < 3; round++) {
      const sent = Array.from({ length: 2_000 }, (_, n) => send(round * 4_000 + n));
      await server.stop();
      sent.push(...Array.from({ length: 2_000 }, (_, n) => send(round * 4_000 + 2_000 + n)));
      await Promise.all(sent);
      await server.start();
    }
    await ingest.stored(AbortSignal.timeout(20_000));
    expect(acknowledged).toBe(12_000);
    expect((await at.found()).map(([, value]) => value)).toEqual(Array.from({ length: 12_000 }, (_, n) => n));
    expect(ingest.ledger).toMatchObject({ stored: 12_000, spooled: 0, deadLettered: 0 });
  });

  test('minutes and hours are rolled up from memory: raw points that are gone from the server are in them', async () => {
    await using server = await openTestInflux();
    await using at = await openStore(server.url);
    const begin = START + HOUR;
    await at.write([0, 30, 90].map((second) => ({ at: begin + second * 1_000, values: { power: second } })));
    at.clock.set(begin + HOUR + MINUTE);
    await command(server.url, 'drop measurement "ac_unit"');
    await at.store.rollUp(at.clock.nowMs());
    expect(await at.rolled(MINUTE)).toEqual([
      [begin, 15],
      [begin + MINUTE, 90],
    ]);
    expect(await at.rolled(HOUR)).toEqual([[begin, 40]]);
  });

  test('points that the server refuses are in no rollup, those beside them are', async () => {
    await using server = await openTestInflux();
    await using at = await openStore(server.url);
    const begin = START + HOUR;
    await at.write([{ device: 'other', at: begin, values: { humidity: 1 } }]);
    await fetch(`${server.url}/write?db=aftercare&precision=ms`, {
      method: 'POST',
      body: `ac_unit,device_id=x power=1i ${begin}`,
    });
    await at.write([
      { at: begin, values: { power: 5, humidity: 5 } },
      { at: begin + 1, values: { humidity: 7 } },
    ]);
    at.clock.set(begin + HOUR + MINUTE);
    await at.store.rollUp(at.clock.nowMs());
    expect(at.refused).toHaveLength(1);
    expect(await at.rolled(HOUR, 'power')).toEqual([]);
    expect(await at.rolled(HOUR, 'humidity')).toEqual([[begin, 7]]);
  });

  test('where another process stores telemetry too, its points are in the rollups', async () => {
    await using server = await openTestInflux();
    await using at = await openStore(server.url);
    const begin = START + HOUR;
    await at.write([{ at: begin, values: { power: 1 } }]);
    await fetch(`${server.url}/write?db=aftercare&precision=ms`, {
      method: 'POST',
      body: `ac_unit,device_id=unit-1 power=3 ${begin + 1}`,
    });
    for (const node of ['one', 'other'])
      await sql`insert into log_checkpoint values (${node}, 1, ${new Date(begin + HOUR)})`.execute(at.db);
    at.clock.set(begin + HOUR + MINUTE);
    await at.store.rollUp(at.clock.nowMs());
    expect(await at.rolled(MINUTE)).toEqual([[begin, 2]]);
    expect(await at.rolled(HOUR)).toEqual([[begin, 2]]);
  });

  test('a rollup that the server cut short is done again and counts nothing twice', async () => {
    await using server = await openTestInflux();
    await using at = await openStore(server.url);
    const begin = START + HOUR;
    const batch = batchOf(
      [0, 30, 90].map((second) => ({ at: begin + second * 1_000, values: { power: second } })),
    );
    await at.store.write([batch]);
    await at.store.write([batch]);
    at.clock.set(begin + HOUR + MINUTE);
    await server.stop();
    expect(await codeOf(at.store.rollUp(at.clock.nowMs()))).toBe('TELEMETRY_STORE_AWAY');
    await server.start();
    await at.store.rollUp(at.clock.nowMs());
    expect(await at.rolled(MINUTE)).toEqual([
      [begin, 15],
      [begin + MINUTE, 90],
    ]);
    expect(await at.rolled(HOUR)).toEqual([[begin, 40]]);
  });

  test('a wrong password is told in one sentence; the right one writes and reads', async () => {
    await using server = await openTestInflux({ user: 'care:se cret' });
    await using wrong = await openStore(server.url, { token: 'care:other' });
    const point = { at: START, values: { power: 1 } };
    expect(await codeOf(wrong.write([point]))).toBe('TELEMETRY_UNAUTHORISED');
    expect(await codeOf(wrong.write([point]))).toBe('TELEMETRY_UNAUTHORISED');
    expect(await codeOf(wrong.found())).toBe('TELEMETRY_UNAUTHORISED');
    expect(wrong.lines.map(({ msg }) => msg)).toEqual([expect.stringContaining('set INFLUX_TOKEN')]);
    expect(wrong.refused).toEqual([]);
    await using right = await openStore(server.url, { token: 'care:se cret' });
    await right.write([point]);
    expect(await right.found()).toEqual([[START, 1]]);
    await right.store.sweep();
  });
});

describe.skipIf(!hasVictoria())('with VictoriaMetrics', () => {
  test('what is written by the way of InfluxDB 2 is found by its own query', async () => {
    await using server = await openTestVictoria();
    await using at = await openStore(server.url, { token: 'any' });
    const id = 'a*b_c=d:e|f@g.h-i';
    await at.write([
      { device: id, at: START, values: { power: 900.5, mode: 2 } },
      { device: id, component: 'idu-1', at: START + 1_000, values: { power: -1 } },
    ]);
    const match = { 'match[]': '{__name__=~"ac_unit_.*"}' };
    const rows = await eventually(async () => {
      await fetch(`${server.url}/internal/force_flush`);
      const reply = await fetch(`${server.url}/api/v1/export?${new URLSearchParams(match)}`);
      const text = await reply.text();
      const found = text.trim().split('\n');
      expect(found).toHaveLength(3);
      return found.map(
        (line) => JSON.parse(line) as { metric: unknown; values: unknown; timestamps: unknown },
      );
    });
    expect(rows).toEqual(
      expect.arrayContaining([
        {
          metric: expect.objectContaining({ __name__: 'ac_unit_power', device_id: id }),
          values: [900.5],
          timestamps: [START],
        },
        {
          metric: expect.objectContaining({ __name__: 'ac_unit_mode', device_id: id }),
          values: [2],
          timestamps: [START],
        },
        {
          metric: expect.objectContaining({
            __name__: 'ac_unit_power',
            device_id: id,
            component: 'idu-1',
          }),
          values: [-1],
          timestamps: [START + 1_000],
        },
      ]),
    );
  });
});

interface Asked {
  readonly path: string;
  readonly token: string;
  readonly body: string;
}

interface Reply {
  readonly status: number;
  readonly message?: string;
}

/**
 * What InfluxDB 2 answers, over real HTTP, where no such server can run: `reply` gets what a write asked for.
 * Nothing but our own wire behaviour and our reading of statuses is proven by it.
 */
async function openAnswers(reply: (asked: Asked) => Reply) {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      response.setHeader('X-Influxdb-Version', 'v2.7.12');
      if (request.url === '/ping') {
        response.writeHead(204).end();
        return;
      }
      const { url: path = '', headers } = request;
      const question = { path, token: headers.authorization ?? '', body: Buffer.concat(chunks).toString() };
      asked.push(question);
      const { status, message } = reply(question);
      response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
      response.end(message === undefined ? '' : JSON.stringify({ code: 'x', message }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe('with what InfluxDB 2 answers', () => {
  const point = { at: START, values: { power: 1 } };

  test('a write names organisation and bucket and carries the token', async () => {
    await using server = await openAnswers(() => ({ status: 204 }));
    await using at = await openStore(server.url, { token: 'secret', bucket: 'a b&c' });
    await at.write([{ ...point, component: 'idu-1', device: 'a=b' }]);
    expect(server.asked).toEqual([
      {
        path: '/api/v2/write?org=aftercare&bucket=a%20b%26c&precision=ms',
        token: 'Token secret',
        body: `ac_unit,component=idu-1,device_id=a\\=b power=1 ${START}\n`,
      },
    ]);
  });

  test.each([
    [401, 'unauthorized access', 'TELEMETRY_UNAUTHORISED'],
    [404, 'bucket "aftercare" not found', 'TELEMETRY_BUCKET_MISSING'],
    [400, 'invalid precision', 'TELEMETRY_WRITE_REFUSED'],
    [429, 'too many', 'TELEMETRY_STORE_AWAY'],
    [503, 'busy', 'TELEMETRY_STORE_AWAY'],
  ])('%i %s refuses no point: it is %s until it changes', async (status, message, code) => {
    let isWell = false;
    await using server = await openAnswers(() => (isWell ? { status: 204 } : { status, message }));
    await using at = await openStore(server.url, { token: 'secret' });
    expect(await codeOf(at.write([point]))).toBe(code);
    expect(await codeOf(at.write([point]))).toBe(code);
    expect(at.lines.map((line) => line.code)).toEqual([code]);
    isWell = true;
    await at.write([point]);
    expect(at.lines.at(-1)?.msg).toBe('InfluxDB takes and answers again');
    expect(at.refused).toEqual([]);
  });

  test('one line that cannot be read, of a body that is refused whole, is found and left out', async () => {
    const stored = new Set<string>();
    await using server = await openAnswers(({ body }) => {
      if (body.includes('power=13 ')) return { status: 400, message: 'unable to parse: bad' };
      for (const line of body.trim().split('\n')) stored.add(line);
      return { status: 204 };
    });
    await using at = await openStore(server.url, { token: 'secret' });
    await at.write(Array.from({ length: 50 }, (_, n) => ({ at: START + n, values: { power: n } })));
    expect(at.refused.map(({ values, code }) => [values.power, code])).toEqual([
      [13, 'TELEMETRY_REFUSED_MALFORMED'],
    ]);
    expect(stored.size).toBe(49);
    expect(server.asked.length).toBeLessThan(20);
  });
});
