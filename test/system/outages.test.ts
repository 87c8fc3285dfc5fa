import { expect, test } from 'vitest';
import { eventually } from '#test/support/eventually.ts';
import { hasInflux, openTestInflux } from '#test/support/influx-server.ts';
import { hasRedis, openTestRedis } from '#test/support/redis-server.ts';
import { openTestApp, type TestApp } from '#test/support/test-app.ts';
import { openTestFolder } from '#test/support/test-folder.ts';

const isReady = async ({ httpUrl }: TestApp) => (await fetch(`${httpUrl}/readyz`)).status;

async function pointsOf({ api }: TestApp, metric = 'supply_temp'): Promise<number[]> {
  const { series } = await api.get(`/telemetry?deviceId=ac-1&metrics=${metric}`);
  return (series[0]?.points ?? []).map(([, value]: [number, number]) => value);
}

async function openTickets({ api }: TestApp): Promise<number> {
  return (await api.get('/tickets?deviceId=ac-1')).items.length;
}

test.skipIf(!hasInflux() || !hasRedis)(
  'InfluxDB and Redis away at the start: ready, faults become tickets, and what was acknowledged is stored later',
  { timeout: 90_000 },
  async () => {
    await using influx = await openTestInflux();
    await using redis = await openTestRedis({ isStopped: true });
    await influx.stop();
    await using app = await openTestApp({ env: { INFLUX_URL: influx.url, REDIS_URL: redis.url } });
    expect(await isReady(app)).toBe(200);
    const device = await app.openDevice();
    await device.publish('telemetry', { supply_temp: 13.2 });
    await device.publish('fault', { code: 'E1', state: 'raised' });
    await eventually(async () => expect(await openTickets(app)).toBe(1));
    expect(await app.api.get('/ledger')).toMatchObject({
      imbalance: 0,
      byProtocol: { mqtt: { received: 2, stored: 0 } },
    });

    await influx.start();
    await redis.start();
    await eventually(async () => expect(await pointsOf(app)).toEqual([13.2]));
    await eventually(async () => {
      expect(await app.api.get('/ledger')).toMatchObject({
        imbalance: 0,
        byProtocol: { mqtt: { stored: 2 } },
      });
    });
    await eventually(async () => {
      const { items } = await app.api.get('/work-orders?deviceId=ac-1');
      expect(items).toHaveLength(1);
    });
  },
);

test.skipIf(!hasInflux() || !hasRedis)(
  'InfluxDB and Redis killed in flight: devices notice nothing, commands and alarms go on, nothing is lost',
  { timeout: 120_000 },
  async () => {
    await using influx = await openTestInflux();
    await using redis = await openTestRedis();
    await using app = await openTestApp({ env: { INFLUX_URL: influx.url, REDIS_URL: redis.url } });
    const device = await app.openDevice();
    const pile = await app.openPile();
    const sent: number[] = [];
    const startMs = Date.now() - 1_000;
    const send = async (value: number) => {
      await device.publish('telemetry', { ts: startMs + value, values: { supply_temp: value } });
      sent.push(value);
    };
    await send(10);
    await eventually(async () => expect(await pointsOf(app)).toEqual(sent));
    await influx.stop();
    await redis.stop();
    for (let value = 11; value <= 30; value += 1) await send(value);
    await device.publish('fault', { code: 'E1', state: 'raised' });
    await eventually(async () => expect(await openTickets(app)).toBe(1));
    const command = await app.api.post('/devices/pile-1/commands', {
      name: 'trigger_message',
      args: { requestedMessage: 'Heartbeat' },
    });
    await eventually(async () => {
      expect(await app.api.get(`/commands/${command.id}`)).toMatchObject({ status: 'done' });
    });
    expect(pile.told).toEqual([{ action: 'TriggerMessage', params: { requestedMessage: 'Heartbeat' } }]);
    expect(device.client.connected).toBe(true);
    expect(await isReady(app)).toBe(200);

    await influx.start();
    await redis.start();
    await eventually(
      async () => expect([...(await pointsOf(app))].sort((a, b) => a - b)).toEqual(sent),
      60_000,
    );
    expect(await app.api.get('/ledger')).toMatchObject({ imbalance: 0 });
  },
);

test.skipIf(!hasInflux())(
  'a wrong token: the service is ready and says so once, and with the right one nothing was lost',
  { timeout: 90_000 },
  async () => {
    await using influx = await openTestInflux({ user: 'aftercare:right' });
    await using folder = await openTestFolder();
    {
      await using app = await openTestApp({
        dataDir: folder.path,
        env: { INFLUX_URL: influx.url, INFLUX_TOKEN: 'aftercare:wrong', DATABASE_URL: '' },
      });
      expect(await isReady(app)).toBe(200);
      const device = await app.openDevice();
      await device.publish('telemetry', { supply_temp: 13.2 });
      expect(await app.api.get('/ledger')).toMatchObject({
        imbalance: 0,
        byProtocol: { mqtt: { received: 1, stored: 0 } },
      });
    }
    await using again = await openTestApp({
      dataDir: folder.path,
      env: { INFLUX_URL: influx.url, INFLUX_TOKEN: 'aftercare:right', DATABASE_URL: '' },
    });
    await eventually(async () => expect(await pointsOf(again)).toEqual([13.2]));
  },
);

test.skipIf(!hasRedis)(
  'two nodes on one Redis: a device registered at one connects to the other, and is commanded through either',
  { timeout: 90_000 },
  async () => {
    await using redis = await openTestRedis();
    const SECRET_KEY = 'the same key on every node of it';
    await using one = await openTestApp({ env: { REDIS_URL: redis.url, SECRET_KEY } });
    await using two = await openTestApp({
      env: { REDIS_URL: redis.url, SECRET_KEY, DATABASE_URL: one.database.url },
    });
    const credentials = await one.register({ id: 'ac-2' });
    const client = await eventually(() => two.connect(credentials));
    const heard: { id: string; name: string }[] = [];
    client.on('message', (_topic, payload) => heard.push(JSON.parse(payload.toString())));
    await client.subscribeAsync('devices/ac-2/cmd', { qos: 1 });

    const command = await one.api.post('/devices/ac-2/commands', { name: 'restart' });
    await eventually(async () => expect(heard).toMatchObject([{ id: command.id, name: 'restart' }]));
    const answer = JSON.stringify({ id: command.id, status: 'done' });
    await client.publishAsync('devices/ac-2/cmd/ack', answer, { qos: 1 });
    await eventually(async () => {
      expect(await one.api.get(`/commands/${command.id}`)).toMatchObject({ status: 'done' });
    });
  },
);
