import type { MqttClient } from 'mqtt';
import { expect, test } from 'vitest';
import type { OutgoingCommand } from '#gateway/commands/carrier.ts';
import { createCommands } from '#gateway/commands/commands.ts';
import type { CommandTables } from '#gateway/commands/tables.ts';
import { createLocalBus } from '#platform/bus/local-bus.ts';
import { createLog } from '#platform/log.ts';
import { createMetrics } from '#platform/metrics/metrics.ts';
import { openTestGateway } from '#test/support/test-gateway.ts';

const WAIT = { timeout: 10_000, interval: 10 };
const RESTART: OutgoingCommand = {
  id: '019e0000-0000-7000-8000-000000000001',
  deviceId: 'ac-1',
  name: 'restart',
  args: {},
  deadlineMs: 1_790_000_000_000,
};

function commandsOf(device: MqttClient): unknown[] {
  const heard: unknown[] = [];
  device.on('message', (topic, payload) => topic.endsWith('/cmd') && heard.push(JSON.parse(String(payload))));
  return heard;
}

test('a command reaches a device that has subscribed to its commands, however it did', async () => {
  for (const topic of ['devices/ac-1/cmd', 'devices/ac-1/#', 'devices/ac-1/+', 'devices/ac-1/cmd/#']) {
    await using test = await openTestGateway();
    const { carrier } = test.gateway;
    const reachable: string[] = [];
    carrier.onReachable((deviceId) => reachable.push(deviceId));
    const device = await test.connect(await test.addDevice({ id: 'ac-1' }));
    const heard = commandsOf(device);
    expect([carrier.isConnected('ac-1'), reachable]).toEqual([false, []]);
    await device.subscribeAsync(topic, { qos: 1 });
    expect([carrier.isConnected('ac-1'), reachable]).toEqual([true, ['ac-1']]);

    expect(await carrier.send(RESTART)).toMatchObject({ status: 'sent' });
    await expect
      .poll(() => heard, WAIT)
      .toEqual([{ id: RESTART.id, name: 'restart', args: {}, expiresAt: '2026-09-21T14:13:20.000Z' }]);
  }
});

test('a device that does not hear commands is not sent any', async () => {
  await using test = await openTestGateway();
  const { carrier } = test.gateway;
  const credentials = await test.addDevice({ id: 'ac-1' });
  expect(await carrier.send(RESTART)).toMatchObject({ status: 'unsent' });
  const device = await test.connect(credentials);
  const reachable: string[] = [];
  carrier.onReachable((deviceId) => reachable.push(deviceId));
  await device.subscribeAsync('devices/ac-1/state', { qos: 1 });
  expect(reachable).toEqual([]);
  expect(await carrier.send(RESTART)).toMatchObject({ status: 'unsent' });

  await device.subscribeAsync('devices/ac-1/cmd', { qos: 1 });
  await device.unsubscribeAsync('devices/ac-1/cmd');
  expect(await carrier.send(RESTART)).toMatchObject({ status: 'unsent' });
  await device.subscribeAsync('devices/ac-1/cmd', { qos: 1 });
  await device.endAsync();
  await expect.poll(() => carrier.isConnected('ac-1'), WAIT).toBe(false);
});

test('a command that waits for its device goes when the device subscribes, and ends by what it acknowledges', async () => {
  await using test = await openTestGateway();
  const { deps, gateway, sink } = test;
  const log = createLog({ level: 'silent', format: 'json' });
  await using bus = createLocalBus({ log });
  const commands = createCommands({
    ...deps,
    log,
    metrics: createMetrics(),
    bus,
    hazards: { of: async () => ({ isInDanger: false, isAttended: false }) },
  });
  await using _runner = commands.startRunner([gateway.carrier], { nodeId: 'node-1' });
  const credentials = await test.addDevice({ id: 'ac-1' });
  const { id, deadline } = await deps.db.transaction().execute((tx) =>
    commands.queue(tx, {
      deviceId: 'ac-1',
      component: '',
      name: 'set_mode',
      args: { mode: 'cool' },
      ticketId: null,
      requestedBy: { type: 'system', name: 'test' },
    }),
  );
  const device = await test.connect(credentials);
  const heard = commandsOf(device);
  await device.subscribeAsync('devices/ac-1/cmd', { qos: 1 });
  await expect
    .poll(() => heard, WAIT)
    .toEqual([{ id, name: 'set_mode', args: { mode: 'cool' }, expiresAt: deadline }]);

  await device.publishAsync('devices/ac-1/cmd/ack', JSON.stringify({ id, status: 'done' }), { qos: 1 });
  const [acknowledged] = sink.messages;
  const { status } = JSON.parse(acknowledged?.text ?? '{}');
  await commands.recordAnswers([{ deviceId: 'ac-1', commandId: id, status, detail: null, atMs: Date.now() }]);
  const rows = await deps.db
    .withTables<CommandTables>()
    .selectFrom('command')
    .select(['status', 'detail'])
    .execute();
  expect(rows).toEqual([{ status: 'done', detail: null }]);
});
