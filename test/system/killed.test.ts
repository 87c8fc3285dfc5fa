import { appendFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { DeviceCredentials } from '#contracts/devices.ts';
import { type AppProgram, postgresPid, startAppProgram } from '#test/support/app-program.ts';
import { expectStored, flowsOn, startFlow } from '#test/support/device-flow.ts';
import { eventually } from '#test/support/eventually.ts';
import { asDevice, connectDevice } from '#test/support/test-app.ts';
import { openTestFolder } from '#test/support/test-folder.ts';

vi.setConfig({ testTimeout: 120_000 });

async function register({ api }: AppProgram): Promise<DeviceCredentials> {
  return api.post('/devices', { id: 'ac-1', kind: 'ac_unit', model: 'split-generic' });
}

async function expectOneTicket({ api }: AppProgram): Promise<void> {
  await eventually(async () => {
    expect((await api.get('/tickets?deviceId=ac-1')).items).toHaveLength(1);
    expect((await api.get('/work-orders?deviceId=ac-1')).items).toHaveLength(1);
  });
}

/** What a write that was cut off by a crash leaves: the beginning of a record and not its end. */
async function tearLog(dataDir: string): Promise<void> {
  const folder = join(dataDir, 'log');
  const newest =
    (await readdir(folder))
      .filter((name) => name.endsWith('.log'))
      .sort()
      .at(-1) ?? '';
  await appendFile(join(folder, newest), Buffer.from('1LCA\x40\x00\x00\x00 torn'));
}

test('PostgreSQL killed in flight comes back by itself; what was acknowledged is stored, and a stop drains', async () => {
  await using folder = await openTestFolder();
  await using program = await startAppProgram({ dataDir: folder.path });
  const credentials = await register(program);
  const client = await connectDevice(program.mqttPort, credentials);
  const flow = startFlow(client, 'ac-1');
  await flowsOn(flow);

  const killed = await postgresPid(folder.path);
  expect(killed).toBeGreaterThan(0);
  process.kill(killed ?? 0, 'SIGKILL');
  await flowsOn(flow);
  await eventually(async () => {
    const running = await postgresPid(folder.path);
    expect(running).toBeGreaterThan(0);
    expect(running).not.toBe(killed);
    expect((await fetch(`${program.httpUrl}/readyz`)).status).toBe(200);
  }, 60_000);
  await flowsOn(flow);
  expect(client.connected).toBe(true);
  await expectStored(program.api, 'ac-1', [...flow.acknowledged]);
  await asDevice(credentials, client).publish('fault', { code: 'E1', state: 'raised' });
  await expectOneTicket(program);
  expect(await program.api.get('/ledger')).toMatchObject({ imbalance: 0, withheld: null });

  program.kill('SIGTERM');
  expect(await program.exit).toBe(0);
  const acknowledged = await flow.stop();
  expect(await postgresPid(folder.path)).toBeUndefined();
  await using again = await startAppProgram({ dataDir: folder.path });
  expect((await again.api.get('/ledger')).items).toMatchObject([{ spooledAtStart: 0 }]);
  await expectStored(again.api, 'ac-1', acknowledged);
});

test('killed in flight with a torn log, a restart takes PostgreSQL over, loses nothing acknowledged and opens no second ticket', async () => {
  await using folder = await openTestFolder();
  await using program = await startAppProgram({ dataDir: folder.path });
  const credentials = await register(program);
  const client = await connectDevice(program.mqttPort, credentials);
  await asDevice(credentials, client).publish('fault', { code: 'E1', state: 'raised' });
  await expectOneTicket(program);
  const flow = startFlow(client, 'ac-1');
  await flowsOn(flow);
  program.kill('SIGKILL');
  expect(await program.exit).toBeNull();
  const acknowledged = await flow.stop();
  const orphan = await postgresPid(folder.path);
  expect(orphan).toBeGreaterThan(0);
  await tearLog(folder.path);

  await using again = await startAppProgram({ dataDir: folder.path });
  expect(await postgresPid(folder.path)).toBe(orphan);
  await expectStored(again.api, 'ac-1', acknowledged);
  const back = asDevice(credentials, await connectDevice(again.mqttPort, credentials));
  await back.publish('state', { online: true, session: 's2', faults: ['E1'] });
  await back.publish('fault', { code: 'E1', state: 'raised' });
  await back.publish('telemetry', { supply_temp: 12 });
  await eventually(async () => {
    const { items, imbalance } = await again.api.get('/ledger');
    expect(items).toMatchObject([{ spooled: 0, inFlight: 0 }]);
    expect(imbalance).toBe(0);
  });
  await expectOneTicket(again);
  expect((await again.api.get('/alarms?deviceId=ac-1')).items).toMatchObject([
    { faultCode: 'E1', state: 'unacknowledged' },
  ]);
  back.client.end(true);
});
