import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { METRICS } from '#contracts/metrics.ts';
import type { Channel } from '#contracts/mqtt.ts';
import type { DeviceRef, InputBatch, PointBatch } from '#contracts/point-batch.ts';
import type { MessageChannel } from '#contracts/raw-message.ts';
import { createClock } from '#platform/clock.ts';
import { openTestDatabase } from '#test/support/test-database.ts';
import { commandAnswersOf, type DeviceAnswer } from './command-answers.ts';
import { type Ingest, startIngest } from './ingest.ts';
import { imbalance } from './ledger.ts';
import { type BatchRecords, readCheckpoint, saveRecords } from './records-store.ts';
import { openPostgresStore } from './telemetry/postgres/postgres-store.ts';

const log = pino({ level: 'silent' });
const clock = createClock();

const devices = new Map<string, DeviceRef>(
  ['ac-0', 'ac-1', 'ac-2'].map((id, index) => [
    id,
    { id, index, kind: 'ac_unit', model: 'split-generic', unitId: 'u', siteId: null, labels: {} },
  ]),
);
devices.set('pile-1', {
  id: 'pile-1',
  index: 3,
  kind: 'charging_pile',
  model: 'dc-pile-generic',
  unitId: 'u',
  siteId: null,
  labels: {},
});

async function temporaryFolder() {
  const folder = await mkdtemp(join(tmpdir(), 'aftercare-ingest-'));
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

interface Bench {
  readonly folder: string;
  readonly writePoints: (batches: readonly PointBatch[]) => Promise<void>;
  readonly saveRecords?: (batches: readonly BatchRecords[]) => Promise<void>;
  readonly storedSequence?: number;
  readonly rulesSequence?: number;
  /** Rules save their position with every batch. */
  readonly followsRules?: boolean;
  readonly maxLogBytes?: number;
  readonly onCommandAnswers?: (answers: readonly DeviceAnswer[]) => void;
}

async function open(bench: Bench): Promise<{ ingest: Ingest; seen: InputBatch[] }> {
  const seen: InputBatch[] = [];
  const ingest = await startIngest(
    {
      clock,
      log,
      findDevice: (id) => devices.get(id),
      writePoints: bench.writePoints,
      saveRecords: bench.saveRecords ?? (async () => undefined),
      onBatch: (input) => seen.push(input),
      ...(bench.onCommandAnswers !== undefined && { onCommandAnswers: bench.onCommandAnswers }),
      rulesSequence: () => (bench.followsRules ? (seen.at(-1)?.sequence ?? 0) : (bench.rulesSequence ?? 0)),
    },
    {
      dataDir: bench.folder,
      maxLogBytes: bench.maxLogBytes ?? 100_000_000,
      maxAgeMs: 30 * 86_400_000,
      storedSequence: bench.storedSequence ?? 0,
      tickMs: 3_600_000,
    },
  );
  return { ingest, seen };
}

let packets = 0;

/** Sends one message as a gateway does; resolves when it is acknowledged. */
function send(
  ingest: Ingest,
  text: string,
  {
    channel = 'telemetry',
    device = 'ac-1',
    packetId = ++packets % 65_535,
    isDuplicateFlagged = false,
    session = 's1',
  }: {
    channel?: MessageChannel;
    device?: string;
    packetId?: number;
    isDuplicateFlagged?: boolean;
    session?: string;
  } = {},
): Promise<void> {
  const ref = devices.get(device);
  if (ref === undefined) throw new Error(`no device ${device}`);
  return new Promise((resolve) => {
    ingest.sink.accept({
      protocol: channel === 'ocpp' ? 'ocpp' : 'mqtt',
      device: ref,
      channel,
      payload: Buffer.from(text),
      receivedAtMs: Date.now(),
      isDuplicateFlagged,
      packetId,
      session,
      qos: 1,
      acknowledge: () => resolve(),
    });
  });
}

const forever = new AbortController().signal;

let calls = 0;

/** Sends a call as the OCPP gateway logs it. */
function call(ingest: Ingest, action: string, payload: object, answered: object = {}): Promise<void> {
  const session = `pile-1/${++calls}`;
  return send(ingest, JSON.stringify([action, payload, answered]), {
    device: 'pile-1',
    channel: 'ocpp',
    session,
  });
}

/** What devices told, without the passing of time. */
const toldOf = (seen: readonly InputBatch[]) =>
  seen.flatMap(({ signals }) => signals).filter(({ type }) => type !== 'resume' && type !== 'tick');

test('what is acknowledged reaches rules in order and the store, and the account balances', async () => {
  await using place = await temporaryFolder();
  const written: PointBatch[] = [];
  const { ingest, seen } = await open({
    folder: place.folder,
    writePoints: async (b) => void written.push(...b),
  });
  await using _ = ingest;
  await Promise.all(Array.from({ length: 200 }, (_, n) => send(ingest, `{"power":${n}}`)));
  await ingest.stored(forever);
  expect(seen.flatMap((batch) => [...batch.points.value])).toEqual(Array.from({ length: 200 }, (_, n) => n));
  expect(written.flatMap((batch) => [...batch.value])).toHaveLength(200);
  expect(ingest.ledger).toMatchObject({ received: 200, stored: 200, spooled: 0, inFlight: 0 });
  expect(imbalance(ingest.ledger)).toBe(0);
});

test('a redelivered message is a duplicate; an unstamped one only with its DUP flag and packet id', async () => {
  await using place = await temporaryFolder();
  const { ingest, seen } = await open({ folder: place.folder, writePoints: async () => undefined });
  await using _ = ingest;
  const stamped = `{"ts":${Date.now()},"values":{"power":1}}`;
  await send(ingest, stamped);
  await send(ingest, stamped);
  await send(ingest, '{"power":5}', { packetId: 7 });
  await send(ingest, '{"power":5}', { packetId: 8 });
  await send(ingest, '{"power":5}', { packetId: 7, isDuplicateFlagged: true });
  await ingest.stored(forever);
  expect(ingest.ledger).toMatchObject({ received: 5, stored: 3, duplicate: 2 });
  expect(seen.reduce((sum, batch) => sum + batch.points.count, 0)).toBe(3);
});

test('bad messages are dead-lettered with code, field and bytes, and harm no other message', async () => {
  await using place = await temporaryFolder();
  await using database = await openTestDatabase();
  const store = await openPostgresStore({ ...database, clock }, { rawDays: 30 });
  const { ingest } = await open({
    folder: place.folder,
    writePoints: store.write,
    saveRecords: (batches) => saveRecords(database.db, { nodeId: 'n1', atMs: 1 }, batches),
  });
  await using _ = ingest;
  await Promise.all([
    send(ingest, '{"power":1'),
    send(ingest, '{"power":NaN}'),
    send(ingest, '{"power":1e999}'),
    send(ingest, '{"code":7,"state":"raised"}', { channel: 'fault' }),
    send(ingest, '{"code":"E1"}', { channel: 'fault' }),
    send(ingest, '{"power":"12"}', { device: 'ac-2' }),
    send(ingest, '{"power":12,"humidity":"wet"}', { device: 'ac-2' }),
  ]);
  ingest.refuse({
    deviceId: 'ac-1',
    topic: 'devices/ac-2/telemetry',
    code: 'GATEWAY_TOPIC_FORBIDDEN',
    payload: Buffer.from('x'),
  });
  await send(ingest, '{"code":"E1","state":"raised","detail":"过高"}', { channel: 'fault' });
  await ingest.stored(forever);
  expect(ingest.ledger).toMatchObject({ received: 9, stored: 2, deadLettered: 7, badValues: 1 });
  expect(imbalance(ingest.ledger)).toBe(0);
  const letters = await database.pool.query(
    'select code, field, is_partial, payload from dead_letter order by sequence, position',
  );
  expect(letters.rows.map((row) => [row.code, row.field, row.is_partial])).toEqual(
    expect.arrayContaining([
      ['INGEST_JSON_MALFORMED', '', false],
      ['INGEST_VALUE_NOT_FINITE', 'power', false],
      ['INGEST_SHAPE_INVALID', 'code', false],
      ['INGEST_SHAPE_INVALID', 'state', false],
      ['INGEST_VALUE_TYPE', 'power', false],
      ['INGEST_VALUE_TYPE', 'humidity', true],
      ['GATEWAY_TOPIC_FORBIDDEN', '', false],
    ]),
  );
  expect(String(letters.rows[0]?.payload)).toBe('{"power":1');
  const events = await database.pool.query('select code, state, detail from device_event');
  expect(events.rows).toEqual([{ code: 'E1', state: 'raised', detail: '过高' }]);
  expect(await readCheckpoint(database.db, 'n1')).toBeGreaterThan(0);
});

test('while the store is away rules still see every point, and what was spooled is stored when it is back', async () => {
  await using place = await temporaryFolder();
  let isAway = true;
  const written: number[] = [];
  const { ingest, seen } = await open({
    folder: place.folder,
    writePoints: async (batches) => {
      if (isAway) throw new Error('connection refused');
      for (const batch of batches) written.push(...batch.value);
    },
  });
  await using _ = ingest;
  for (let n = 0; n < 50; n++) await send(ingest, `{"power":${n}}`);
  await ingest.flushed();
  expect(seen.reduce((sum, batch) => sum + batch.points.count, 0)).toBe(50);
  expect(ingest.ledger).toMatchObject({ spooled: 50, stored: 0 });
  expect(imbalance(ingest.ledger)).toBe(0);
  isAway = false;
  await ingest.stored(forever);
  expect(written).toEqual(Array.from({ length: 50 }, (_, n) => n));
  expect(ingest.ledger).toMatchObject({ spooled: 0, stored: 50 });
});

test('after a crash the log is replayed: the store gets what it lacked, rules what they had not seen', async () => {
  await using place = await temporaryFolder();
  const never = new Promise<void>(() => undefined);
  const first = await open({ folder: place.folder, writePoints: () => never });
  for (let n = 0; n < 10; n++) await send(first.ingest, `{"power":${n}}`);
  await first.ingest.flushed();
  const sequences = first.seen.map((batch) => batch.sequence);
  const written: number[] = [];
  const { ingest, seen } = await open({
    folder: place.folder,
    storedSequence: sequences[3] ?? 0,
    rulesSequence: sequences[6] ?? 0,
    writePoints: async (batches) => {
      for (const batch of batches) written.push(...batch.value);
    },
  });
  await using _ = ingest;
  await ingest.stored(forever);
  expect(written).toEqual([4, 5, 6, 7, 8, 9]);
  expect(seen.flatMap((batch) => [...batch.points.value])).toEqual([7, 8, 9]);
  expect(ingest.ledger).toMatchObject({ received: 0, spooledAtStart: 6, stored: 6 });
  expect(imbalance(ingest.ledger)).toBe(0);
});

test('a full log withholds acknowledgements until the writer has made room', async () => {
  await using place = await temporaryFolder();
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { ingest } = await open({
    folder: place.folder,
    maxLogBytes: 2_200_000,
    followsRules: true,
    writePoints: () => released,
  });
  await using _ = ingest;
  const filler = ' '.repeat(200_000);
  let acknowledged = 0;
  const all: Promise<void>[] = [];
  for (let n = 0; n < 15; n++) {
    all.push(send(ingest, `{"power":1}${filler}`).then(() => void acknowledged++));
    if (n < 8) await all.at(-1);
  }
  await expect.poll(() => ingest.failure()).toMatchObject({ code: 'INGEST_LOG_FULL' });
  expect(acknowledged).toBeLessThan(15);
  expect(imbalance(ingest.ledger)).toBe(0);
  release();
  await Promise.all(all);
  await ingest.stored(forever);
  expect(ingest.ledger).toMatchObject({ received: 15, stored: 15, spooled: 0, inFlight: 0 });
});

test('whatever comes in whatever order, the account balances at every step', async () => {
  await using place = await temporaryFolder();
  const payload = fc.oneof(
    fc.constantFrom(
      '{"power":1}',
      '{',
      '{"warp":1}',
      '{"power":"x","humidity":50}',
      '{"code":"E1","state":"raised"}',
    ),
    fc.integer({ min: 0, max: 5 }).map((n) => `{"ts":${1_790_000_000_000 + n},"values":{"power":${n}}}`),
  );
  const step = fc.record({
    text: payload,
    channel: fc.constantFrom<Channel>('telemetry', 'fault', 'state', 'cmd/ack'),
    packetId: fc.integer({ min: 1, max: 3 }),
    isDuplicateFlagged: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.boolean(), async (steps, storeFails) => {
      const folder = await mkdtemp(join(place.folder, 'run-'));
      let failures = storeFails ? 1 : 0;
      const { ingest } = await open({
        folder,
        writePoints: async () => {
          if (failures-- > 0) throw new Error('away');
        },
      });
      await using _ = ingest;
      const sent = steps.map(({ text, ...options }) => {
        const acknowledged = send(ingest, text, options);
        expect(imbalance(ingest.ledger)).toBe(0);
        return acknowledged;
      });
      await Promise.all(sent);
      expect(imbalance(ingest.ledger)).toBe(0);
      await ingest.stored(forever);
      expect(imbalance(ingest.ledger)).toBe(0);
      expect(ingest.ledger).toMatchObject({ received: steps.length, spooled: 0, inFlight: 0 });
    }),
    { numRuns: 25 },
  );
});

test("a pile's calls reach rules, the store and the projection; its wire has an account of its own", async () => {
  await using place = await temporaryFolder();
  await using database = await openTestDatabase();
  const store = await openPostgresStore({ ...database, clock }, { rawDays: 30 });
  const { ingest, seen } = await open({
    folder: place.folder,
    writePoints: store.write,
    saveRecords: (batches) => saveRecords(database.db, { nodeId: 'n1', atMs: 1 }, batches),
  });
  await using _ = ingest;
  const nowMs = Date.now();
  const timestamp = new Date(nowMs - 10_000).toISOString();
  const oldMs = nowMs - 5 * 86_400_000;
  const meterValue = [{ timestamp: new Date(oldMs).toISOString(), sampledValue: [{ value: '1500' }] }];
  await send(ingest, '{"power":5}');
  await call(ingest, 'StatusNotification', {
    connectorId: 1,
    status: 'Faulted',
    errorCode: 'OtherError',
    vendorErrorCode: 'Z-99',
    timestamp,
  });
  await call(ingest, 'StartTransaction', { connectorId: 1, meterStart: 5, timestamp }, { transactionId: 3 });
  await call(ingest, 'MeterValues', { connectorId: 1, meterValue });
  await call(ingest, 'BootNotification', { chargePointVendor: 'A', chargePointModel: 'B' });
  await call(ingest, 'MeterValues', { connectorId: 1, meterValue: [] });
  await call(ingest, 'NotifyReport', {});
  await send(ingest, '{"power":5}', { channel: 'ocpp', device: 'pile-1' });
  ingest.refuse({
    protocol: 'ocpp',
    deviceId: 'pile-1',
    topic: 'devices/pile-1/ocpp',
    code: 'GATEWAY_CALL_INVALID',
    field: 'connectorId\0',
    payload: Buffer.from('[]'),
  });
  await send(ingest, '{"power":6}');
  await ingest.stored(forever);

  expect(ingest.ledgers.ocpp).toMatchObject({
    received: 8,
    stored: 4,
    deadLettered: 4,
    spooled: 0,
    inFlight: 0,
  });
  expect(ingest.ledgers.mqtt).toMatchObject({ received: 2, stored: 2, deadLettered: 0 });
  expect([ingest.ledgers.ocpp, ingest.ledgers.mqtt, ingest.ledger].map(imbalance)).toEqual([0, 0, 0]);
  expect(toldOf(seen)).toMatchObject([
    { type: 'fault', component: 'connector-1', code: 'Z-99', state: 'raised', observedAtMs: nowMs - 10_000 },
  ]);
  const query = { deviceId: 'pile-1', kind: 'charging_pile', everyMs: null, agg: 'avg' } as const;
  const series = await store.query({ ...query, metrics: ['energy', 'status'], fromMs: oldMs, toMs: nowMs });
  expect(series).toMatchObject([
    { metric: 'energy', component: 'connector-1', unit: 'kW.h', points: [[oldMs, 1.5]] },
    { metric: 'status', points: [[nowMs - 10_000, 8]] },
  ]);
  const sessions = await database.pool.query('select transaction_id, meter_start_wh from charging_session');
  expect(sessions.rows).toEqual([{ transaction_id: 3, meter_start_wh: 5 }]);
  const connectors = await database.pool.query('select component, status, error_code from connector_state');
  expect(connectors.rows).toEqual([{ component: 'connector-1', status: 'faulted', error_code: 'Z-99' }]);
  const events = await database.pool.query('select type, code from device_event order by sequence, position');
  expect(events.rows.map((row) => [row.type, row.code])).toEqual([
    ['status', 'Z-99'],
    ['fault', 'Z-99'],
    ['boot', null],
  ]);
  const letters = await database.pool.query(
    'select code, field from dead_letter order by sequence, position',
  );
  expect(letters.rows.map((row) => [row.code, row.field])).toEqual(
    expect.arrayContaining([
      ['INGEST_SHAPE_INVALID', ''],
      ['INGEST_CALL_UNKNOWN', 'NotifyReport'],
      ['GATEWAY_CALL_INVALID', 'connectorId\ufffd'],
    ]),
  );
});

test('telemetry and faults in our own format come through vendor data as if by themselves', async () => {
  await using place = await temporaryFolder();
  const { ingest, seen } = await open({ folder: place.folder, writePoints: async () => undefined });
  await using _ = ingest;
  const transfer = (messageId: string, data: unknown) =>
    call(ingest, 'DataTransfer', { vendorId: 'aftercare', messageId, data });
  await transfer('telemetry', JSON.stringify({ component: 'connector-2', values: { connector_temp: 55 } }));
  await transfer('fault', JSON.stringify({ component: 'connector-2', code: 'CX019', state: 'raised' }));
  await transfer('telemetry', '{"connector_temp":');
  await transfer('fault', '{"code":"a\\u0000","state":"raised"}');
  await call(ingest, 'DataTransfer', { vendorId: 'acme', data: 'x' });
  await ingest.stored(forever);
  const points = seen.map((batch) => batch.points).filter(({ count }) => count > 0);
  const metric = METRICS.charging_pile[points[0]?.metric[0] ?? -1]?.name;
  expect([points.length, points[0]?.component, metric]).toEqual([1, ['connector-2'], 'connector_temp']);
  expect(toldOf(seen)).toMatchObject([{ type: 'fault', code: 'CX019' }]);
  expect(ingest.ledgers.ocpp).toMatchObject({ received: 5, stored: 3, deadLettered: 2 });
});

test('what 1.6 has no measurand for comes through vendor data', async () => {
  await using place = await temporaryFolder();
  const { ingest, seen } = await open({ folder: place.folder, writePoints: async () => undefined });
  await using _ = ingest;
  const connector = { insulation_resistance: 850, contactor_operations: 99_000, lock_tries: 2 };
  for (const told of [{ component: 'connector-1', values: connector }, { values: { rssi: -71 } }]) {
    const data = JSON.stringify(told);
    await call(ingest, 'DataTransfer', { vendorId: 'aftercare', messageId: 'telemetry', data });
  }
  await ingest.stored(forever);
  const points = seen.flatMap(({ points: { count, component, metric, value, valueStart } }) =>
    Array.from({ length: count }, (_each, at) => [
      component[at],
      Object.fromEntries(
        [...metric.slice(valueStart[at], valueStart[at + 1])].map((index, n) => [
          METRICS.charging_pile[index]?.name,
          value[(valueStart[at] ?? 0) + n],
        ]),
      ),
    ]),
  );
  expect(points).toEqual([
    ['connector-1', connector],
    ['', { rssi: -71 }],
  ]);
});

test('a call that a station repeats under its id is a duplicate; the same said anew is not', async () => {
  await using place = await temporaryFolder();
  const { ingest } = await open({ folder: place.folder, writePoints: async () => undefined });
  await using _ = ingest;
  const status = (timestamp?: string) =>
    JSON.stringify([
      'StatusNotification',
      { connectorId: 1, status: 'Available', errorCode: 'NoError', timestamp },
      {},
    ]);
  const timed = status(new Date().toISOString());
  const say = (text: string, session: string) =>
    send(ingest, text, { channel: 'ocpp', device: 'pile-1', packetId: 0, session });
  await say(timed, 'pile-1/a');
  await say(timed, 'pile-1/a');
  await say(timed, 'pile-1/b');
  await say(status(), 'pile-1/1');
  await say(status(), 'pile-1/1');
  await ingest.stored(forever);
  expect(ingest.ledgers.ocpp).toMatchObject({ received: 5, stored: 4, duplicate: 1 });
});

test('answers to commands are told after rules have seen the batch, and again on a replay', async () => {
  await using place = await temporaryFolder();
  const told: DeviceAnswer[] = [];
  const kept: BatchRecords[] = [];
  const never = new Promise<void>(() => undefined);
  const onCommandAnswers = (answers: readonly DeviceAnswer[]) => void told.push(...answers);
  const first = await open({ folder: place.folder, writePoints: () => never, onCommandAnswers });
  await send(first.ingest, '{"power":1}');
  await send(first.ingest, '{"id":"c1","status":"done","detail":"ok"}', { channel: 'cmd/ack' });
  await first.ingest.flushed();
  const answer = {
    deviceId: 'ac-1',
    commandId: 'c1',
    status: 'done',
    detail: 'ok',
    atMs: expect.any(Number),
  };
  expect(told).toEqual([answer]);
  const again = await open({
    folder: place.folder,
    writePoints: async () => undefined,
    saveRecords: async (batches) => void kept.push(...batches),
    onCommandAnswers,
  });
  await using _ = again.ingest;
  await again.ingest.stored(forever);
  expect(told).toEqual([answer, answer]);
  expect(commandAnswersOf(kept)).toEqual([answer]);
});

test('an answer to a command counts whatever its words; one whose id no database keeps is a dead letter', async () => {
  await using place = await temporaryFolder();
  const told: DeviceAnswer[] = [];
  const onCommandAnswers = (answers: readonly DeviceAnswer[]) => void told.push(...answers);
  const { ingest } = await open({
    folder: place.folder,
    writePoints: async () => undefined,
    onCommandAnswers,
  });
  await using _ = ingest;
  const answers = [
    String.raw`{"id":"c1","status":"done","detail":"a\u0000b\ud83d","more":"\u0000"}`,
    String.raw`{"id":"c2","status":"failed","detail":"a pair \ud83d\ude00"}`,
    String.raw`{"id":"c\u00003","status":"done"}`,
  ];
  for (const answer of answers) await send(ingest, answer, { channel: 'cmd/ack' });
  await ingest.stored(forever);
  expect(told.map(({ commandId, status, detail }) => [commandId, status, detail])).toEqual([
    ['c1', 'done', 'a\ufffdb\ufffd'],
    ['c2', 'failed', 'a pair \u{1f600}'],
  ]);
  expect(ingest.ledgers.mqtt).toMatchObject({ received: 3, stored: 2, deadLettered: 1 });
});
