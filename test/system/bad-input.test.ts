import { expect, test } from 'vitest';
import { mqttOf } from '#test/support/credentials.ts';
import { eventually } from '#test/support/eventually.ts';
import { openTestApp, type TestApp, type TestDevice } from '#test/support/test-app.ts';
import { connectPile } from '#test/support/test-pile.ts';

const TEN_YEARS_MS = 10 * 365 * 86_400_000;
const own = (channel: string) => `devices/sick/${channel}`;

interface Refused {
  readonly what: string;
  readonly topic: string;
  readonly payload: string | Buffer;
  readonly code: string;
  readonly field: string;
  readonly isPartial?: boolean;
}

/** What the sick device sends, in order, and the dead letter that each becomes. */
function badMessages(nowMs: number): readonly Refused[] {
  const telemetry = (what: string, payload: string | Buffer, [code, field]: readonly [string, string]) => ({
    what,
    topic: own('telemetry'),
    payload,
    code: `INGEST_${code}`,
    field,
  });
  const at = (ts: number) => JSON.stringify({ ts, values: { supply_temp: 13 } });
  return [
    telemetry('malformed JSON', '{"supply_temp":', ['JSON_MALFORMED', '']),
    telemetry('bytes that are no text', Buffer.of(0xff, 0x00, 0xfe), ['JSON_MALFORMED', '']),
    telemetry('NaN', '{"supply_temp":NaN}', ['JSON_MALFORMED', '']),
    telemetry('1e999', '{"supply_temp":1e999}', ['VALUE_NOT_FINITE', 'supply_temp']),
    telemetry('a string for a number', '{"supply_temp":"13.2"}', ['VALUE_TYPE', 'supply_temp']),
    telemetry('an unknown metric', '{"warp_factor":9}', ['METRIC_UNKNOWN', 'warp_factor']),
    telemetry('a number for an enum', '{"mode":3}', ['VALUE_TYPE', 'mode']),
    telemetry('a boolean for a number', '{"power":true}', ['VALUE_TYPE', 'power']),
    telemetry('ten years ahead', at(nowMs + TEN_YEARS_MS), ['CLOCK_AHEAD', 'ts']),
    telemetry('ten years behind', at(nowMs - TEN_YEARS_MS), ['CLOCK_BEHIND', 'ts']),
    telemetry('not an object', '[[1]]', ['SHAPE_INVALID', '']),
    {
      ...telemetry('one bad value among good', '{"return_temp":26,"supply_temp":"x"}', [
        'VALUE_TYPE',
        'supply_temp',
      ]),
      isPartial: true,
    },
    telemetry('a name with U+0000', '{"a\\u0000b":1}', ['TEXT_INVALID', '']),
    {
      ...telemetry('a code with U+0000', '{"code":"E\\u0000","state":"raised"}', ['TEXT_INVALID', '']),
      topic: own('fault'),
    },
    {
      ...telemetry('half a character', '{"online":true,"fw":"\\ud83d"}', ['TEXT_INVALID', '']),
      topic: own('state'),
    },
    telemetry('a name cut inside a character', `{"${'n'.repeat(63)}😀":1}`, [
      'METRIC_UNKNOWN',
      'n'.repeat(63),
    ]),
    {
      ...telemetry('an answer to no command', '['.repeat(5_000) + ']'.repeat(5_000), ['SHAPE_INVALID', '']),
      topic: own('cmd/ack'),
    },
    {
      ...telemetry('a fault without a state', '{"code":"E1"}', ['SHAPE_INVALID', 'state']),
      topic: own('fault'),
    },
    {
      what: "another device's topic",
      topic: 'devices/healthy/telemetry',
      payload: '{"supply_temp":99}',
      code: 'GATEWAY_TOPIC_FORBIDDEN',
      field: '',
    },
  ];
}

/** A device that reports all the time; `stop` gives how many reports were acknowledged. */
async function openHealthy(app: TestApp) {
  const device = await app.openDevice({ id: 'healthy' });
  const startMs = Date.now();
  let acknowledged = 0;
  let isOver = false;
  const report = async () => {
    while (!isOver) {
      await device.publish('telemetry', { ts: startMs + acknowledged, values: { supply_temp: 14 } });
      acknowledged += 1;
    }
  };
  const reporting = report();
  reporting.catch(() => undefined);
  return {
    stop: async () => {
      isOver = true;
      await reporting;
      expect(device.client.connected).toBe(true);
      return acknowledged;
    },
  };
}

async function storedPoints({ api }: TestApp, deviceId: string): Promise<number[]> {
  const { series } = await api.get(`/telemetry?deviceId=${deviceId}&metrics=supply_temp`);
  return (series[0]?.points ?? []).map(([, value]: [number, number]) => value);
}

/** The healthy device's reports were all acknowledged, are all stored, and the account is settled. */
async function expectUnharmed(app: TestApp, healthy: { stop(): Promise<number> }): Promise<void> {
  const acknowledged = await healthy.stop();
  expect(acknowledged).toBeGreaterThan(0);
  await eventually(async () => {
    expect(await storedPoints(app, 'healthy')).toEqual(Array(acknowledged).fill(14));
  });
  expect(await app.api.get('/ledger')).toMatchObject({ imbalance: 0, withheld: null });
  expect((await fetch(`${app.httpUrl}/readyz`)).status).toBe(200);
}

async function deadLetters({ api }: TestApp, deviceId: string) {
  const { items } = await api.get(`/dead-letters?deviceId=${deviceId}&limit=100`);
  return items.toReversed();
}

async function publishRaw({ client }: TestDevice, { topic, payload }: Refused): Promise<void> {
  await client.publishAsync(topic, payload, { qos: 1 });
}

test('bad messages are acknowledged and kept as dead letters with code, field and bytes; others notice nothing', async () => {
  await using app = await openTestApp();
  const healthy = await openHealthy(app);
  const sick = await app.openDevice({ id: 'sick' });
  const bad = badMessages(Date.now());
  for (const message of bad) await publishRaw(sick, message);

  await eventually(async () => {
    const letters = await deadLetters(app, 'sick');
    expect(letters).toHaveLength(bad.length);
    const found = new Map(letters.map((letter: { payloadBase64: string }) => [letter.payloadBase64, letter]));
    for (const { what, topic, payload, code, field, isPartial = false } of bad) {
      const bytes = Buffer.from(payload).toString('base64');
      expect(found.get(bytes), what).toMatchObject({ topic, code, field, isPartial });
    }
  });
  expect(sick.client.connected).toBe(true);
  await sick.publish('telemetry', { supply_temp: 12 });
  await eventually(async () => expect(await storedPoints(app, 'sick')).toEqual([12]));
  await expectUnharmed(app, healthy);
});

test('of odd meter values the good samples are stored, and a wrong call names its field', async () => {
  await using app = await openTestApp();
  const model = 'ac-pile-generic';
  const credentials = await app.register({ id: 'pile-1', kind: 'charging_pile', model });
  await using pile = await connectPile(credentials, { strictMode: false });
  const timestamp = new Date().toISOString();
  const metered = (...sampledValue: object[]) =>
    pile.call('MeterValues', { connectorId: 1, meterValue: [{ timestamp, sampledValue }] });
  await metered(
    { value: '230', measurand: 'Voltage' },
    { value: 6000, measurand: 'Power.Active.Import', unit: 'W' },
    { value: '7', measurand: 'Foo.Bar', unit: 'furlong' },
    { value: null, measurand: 'Current.Import' },
  );
  await expect(metered({ measurand: 'Voltage' })).rejects.toBeDefined();

  const topic = `devices/${pile.id}/ocpp`;
  await eventually(async () => {
    expect(await deadLetters(app, pile.id)).toMatchObject([
      { topic, code: 'INGEST_METRIC_UNKNOWN', field: 'Foo.Bar', isPartial: true },
      { topic, code: 'GATEWAY_CALL_INVALID', field: 'meterValue.0.sampledValue.0.value', isPartial: false },
    ]);
    const { series } = await app.api.get(`/telemetry?deviceId=${pile.id}&metrics=voltage,power,current`);
    const stored = series.map(({ metric, points }: { metric: string; points: number[][] }) => [
      metric,
      points.map(([, value]) => value),
    ]);
    expect(Object.fromEntries(stored)).toEqual({ voltage: [230], power: [6_000] });
  });
  expect(await app.api.get('/ledger')).toMatchObject({ imbalance: 0 });
});

test('a payload of 2 MB ends its own connection before it is buffered; others notice nothing', async () => {
  await using app = await openTestApp();
  const healthy = await openHealthy(app);
  const sick = await app.openDevice({ id: 'sick' });
  sick.client.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => sick.client.once('close', () => resolve()));
  sick.client.publish(own('telemetry'), Buffer.alloc(2_097_152, 0x20), { qos: 1 }, () => undefined);
  await closed;

  await eventually(async () => {
    expect(await deadLetters(app, 'sick')).toMatchObject([
      {
        code: 'GATEWAY_PAYLOAD_TOO_LARGE',
        reason: { en: expect.stringContaining('too large'), 'zh-CN': expect.stringContaining('太大') },
      },
    ]);
  });
  const again = await app.connect(sick.credentials);
  await again.publishAsync(own('telemetry'), '{"supply_temp":11}', { qos: 1 });
  await eventually(async () => expect(await storedPoints(app, 'sick')).toEqual([11]));
  await expectUnharmed(app, healthy);
});

test("a wrong password, an unknown identity, another's client id and MQTT 5 harm nobody", async () => {
  await using app = await openTestApp();
  const healthy = await openHealthy(app);
  const known = await app.register({ id: 'sick' });
  const refusal = (username: string, password: string) =>
    app.connect({ ...known, mqtt: { username, password } }).then(
      () => 'let in',
      (error: { code?: number }) => error.code,
    );

  expect(await refusal('healthy', mqttOf(known).password)).toBe(4);
  expect(await refusal('stranger', mqttOf(known).password)).toBe(5);
  await eventually(async () => {
    expect((await app.api.get('/devices/pending')).items).toMatchObject([{ identity: 'stranger' }]);
  });
  await expect(app.connect(known, { protocolVersion: 5 })).rejects.toMatchObject({ code: 0x84 });

  const first = await app.openDevice({ id: 'ac-1' });
  const namesake = await app.connect(known, { clientId: first.client.options.clientId ?? '' });
  await first.publish('telemetry', { supply_temp: 10 });
  await namesake.publishAsync(own('telemetry'), '{"supply_temp":9}', { qos: 1 });
  expect([first.client.connected, namesake.connected]).toEqual([true, true]);
  await expectUnharmed(app, healthy);
});
