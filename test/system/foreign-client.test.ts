import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { DeviceCredentials } from '#contracts/devices.ts';
import { mqttOf } from '#test/support/credentials.ts';
import { eventually } from '#test/support/eventually.ts';
import { isInstalled } from '#test/support/installed.ts';
import { openTestApp, type TestApp } from '#test/support/test-app.ts';

const MOSQUITTO = '/usr/bin/mosquitto_pub';
const hasMosquitto = isInstalled(MOSQUITTO, 'mosquitto-clients');
const run = promisify(execFile);

/** Publishes one message as another program would: connect, publish at QoS 1, wait for the answer, disconnect. */
async function publish(
  { mqttPort }: TestApp,
  credentials: DeviceCredentials,
  [channel, message]: readonly [string, object],
): Promise<void> {
  const { username, password } = mqttOf(credentials);
  const topic = `devices/${credentials.id}/${channel}`;
  const where = ['-h', '127.0.0.1', '-p', String(mqttPort), '-t', topic, '-q', '1'];
  const who = ['-u', username, '-P', password];
  await run(MOSQUITTO, [...where, ...who, '-m', JSON.stringify(message)]);
}

test.skipIf(!hasMosquitto)(
  'A1: mosquitto_pub raises a fault three times and one ticket opens; clearing returns the alarm and leaves the work',
  async () => {
    await using app = await openTestApp();
    const device = await app.register({ id: 'ac-1' });
    for (let times = 0; times < 3; times += 1) {
      await publish(app, device, ['fault', { code: 'E1', state: 'raised' }]);
    }
    const [ticket] = await eventually(async () => {
      const { items } = await app.api.get('/tickets?deviceId=ac-1');
      expect(items).toHaveLength(1);
      return items;
    });
    expect(ticket).toMatchObject({
      unitId: device.unitId,
      deviceId: 'ac-1',
      source: 'device',
      faultFamily: 'high_pressure',
      faultCode: 'E1',
      status: expect.stringMatching(/assessed|in_progress/),
      workOrderIds: [expect.any(String)],
    });

    await publish(app, device, ['telemetry', { return_temp: 26.5 }]);
    await publish(app, device, ['fault', { code: 'E1', state: 'cleared' }]);
    await eventually(async () => {
      const { items } = await app.api.get('/alarms?deviceId=ac-1');
      expect(items).toEqual([
        expect.objectContaining({
          state: 'returned',
          faultCode: 'E1',
          ruleId: null,
          ticketId: ticket.id,
          returnedAt: expect.any(String),
        }),
      ]);
    });
    expect((await app.api.get('/tickets?deviceId=ac-1')).items).toEqual([
      expect.objectContaining({ id: ticket.id, status: ticket.status }),
    ]);
    expect((await app.api.get('/work-orders?deviceId=ac-1')).items).toEqual([
      expect.objectContaining({ id: ticket.workOrderIds[0], ticketId: ticket.id, kind: 'repair' }),
    ]);
    expect(await app.api.get('/ledger')).toMatchObject({ imbalance: 0, withheld: null });
  },
);
