import { expect, test } from 'vitest';
import { createManualClock } from '#platform/clock.ts';
import { createLog } from '#platform/log.ts';
import { openTestDatabase } from '#test/support/test-database.ts';
import { addDevice, createDeviceDeps } from '#test/support/test-devices.ts';
import { createDeviceRegistry } from './registry.ts';
import { createDeviceSessions } from './sessions.ts';
import type { DeviceTables } from './tables.ts';

const log = createLog({ level: 'silent', format: 'json' });

async function openSessions() {
  const database = await openTestDatabase();
  const deps = createDeviceDeps(database.db);
  const clock = createManualClock(1_790_000_000_000);
  return {
    deps,
    clock,
    on: (nodeId: string) => createDeviceSessions({ db: database.db, clock, log }, { nodeId }),
    rows: () =>
      database.db
        .withTables<DeviceTables>()
        .selectFrom('device_session')
        .selectAll()
        .orderBy('device_id')
        .execute(),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

test('the epoch goes up at each connect, also when several fall into one write', async () => {
  await using test = await openSessions();
  await addDevice(test.deps, { id: 'ac-1' });
  await using node = test.on('node-1');
  node.connected('ac-1', '10.0.0.1');
  node.disconnected('ac-1');
  node.connected('ac-1', '10.0.0.2');
  await node.flush();
  test.clock.advance(1_000);
  node.disconnected('ac-1');
  await node.flush();
  node.connected('ac-1', '10.0.0.3');
  await node.flush();
  expect(await test.rows()).toEqual([
    {
      device_id: 'ac-1',
      node_id: 'node-1',
      epoch: 3,
      is_connected: true,
      connected_at: 1_790_000_001_000,
      disconnected_at: 1_790_000_001_000,
      remote_address: '10.0.0.3',
    },
  ]);
});

test('a late goodbye from the node that a device left does not mark it absent', async () => {
  await using test = await openSessions();
  await addDevice(test.deps, { id: 'ac-1' });
  await using left = test.on('node-1');
  await using now = test.on('node-2');
  left.connected('ac-1', null);
  await left.flush();
  now.connected('ac-1', null);
  await now.flush();
  left.disconnected('ac-1');
  await left.flush();
  expect(await test.rows()).toMatchObject([{ node_id: 'node-2', epoch: 2, is_connected: true }]);
});

test('a node that was killed finds whom it had left connected, and nobody else', async () => {
  await using test = await openSessions();
  for (const id of ['ac-1', 'ac-2', 'ac-3']) await addDevice(test.deps, { id });
  await using killed = test.on('node-1');
  await using other = test.on('node-2');
  killed.connected('ac-1', null);
  killed.connected('ac-2', null);
  killed.disconnected('ac-2');
  other.connected('ac-3', null);
  await killed.flush();
  await other.flush();
  await using again = test.on('node-1');
  expect(await again.recover()).toEqual(['ac-1']);
  expect(await again.recover()).toEqual([]);
  expect((await test.rows()).map(({ device_id, is_connected }) => [device_id, is_connected])).toEqual([
    ['ac-1', false],
    ['ac-2', false],
    ['ac-3', true],
  ]);
});

test('a registry that starts later knows every device by a dense index', async () => {
  await using test = await openSessions();
  for (const id of ['ac-1', 'ac-2', 'ac-3']) await addDevice(test.deps, { id });
  const registry = createDeviceRegistry({ db: test.deps.db });
  await registry.load();
  expect(registry.all().map(({ id, index }) => [id, index, registry.byIndex(index)?.id])).toEqual([
    ['ac-1', 0, 'ac-1'],
    ['ac-2', 1, 'ac-2'],
    ['ac-3', 2, 'ac-3'],
  ]);
  expect(registry.byIndex(3)).toBeUndefined();
});
