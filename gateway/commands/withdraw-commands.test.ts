import { expect, test } from 'vitest';
import type { Command } from '#contracts/commands.ts';
import type { CommandAnswer } from '#gateway/commands/carrier.ts';
import {
  answerOf,
  createScriptedCarrier,
  openTestCommands,
  type TestCommands,
} from '#test/support/test-commands.ts';
import { addDevice } from '#test/support/test-devices.ts';

const WAIT = { timeout: 15_000, interval: 10 };
const HOUR_MS = 3_600_000;
const until = (test: TestCommands, id: string, status: Command['status']) =>
  expect.poll(async () => (await test.read(id)).status, WAIT).toBe(status);
const withdraw = (test: TestCommands, ...ids: string[]) =>
  test.deps.db
    .transaction()
    .execute((tx) => test.commands.withdraw(tx, { ids, actor: { type: 'system', name: 'test' } }));

async function openWithPile(): Promise<TestCommands> {
  const test = await openTestCommands();
  await addDevice(test.deps, { id: 'cp-1', kind: 'charging_pile', model: 'dc-pile-generic' });
  return test;
}

test('what is withdrawn before it went out never goes; what is out is left to its device', async () => {
  await using test = await openWithPile();
  const carrier = createScriptedCarrier();
  test.startNode('node-1', carrier);
  const [gone, kept] = [await test.queue({ deviceId: 'cp-1' }), await test.queue({ deviceId: 'cp-1' })];
  await withdraw(test, gone.id);
  expect(await test.read(gone.id)).toMatchObject({ status: 'expired', detail: 'withdrawn' });
  carrier.connect('cp-1');
  await until(test, kept.id, 'sent');
  await withdraw(test, gone.id, kept.id);
  carrier.tell(kept.id, 'done');
  await until(test, kept.id, 'done');
  expect(carrier.sent.map(({ id }) => id)).toEqual([kept.id]);
  expect(await test.counted('aftercare_commands_total', 'expired')).toBe(1);
  const { rows } = await test.database.pool.query(
    "select data->>'detail' as detail from outbox_event where data->>'status' = 'expired'",
  );
  expect(rows).toEqual([{ detail: 'withdrawn' }]);
});

test('what a node had just taken when it was withdrawn, and could not send, does not go later', async () => {
  await using test = await openWithPile();
  const carrier = createScriptedCarrier();
  let answer: (answer: CommandAnswer) => void = () => undefined;
  carrier.answerWith(() => new Promise((resolve) => (answer = resolve)));
  test.startNode('node-1', carrier);
  carrier.connect('cp-1');
  const { id } = await test.queue({ deviceId: 'cp-1' });
  await expect.poll(() => carrier.sent.length, WAIT).toBe(1);
  await withdraw(test, id);
  answer(answerOf('unsent'));
  await until(test, id, 'expired');
  expect((await test.read(id)).detail).toBe('withdrawn');
});

test('a long deadline is for a device that is away: once sent, a command holds up the next no longer than its kind', async () => {
  await using test = await openWithPile();
  const carrier = createScriptedCarrier();
  test.startNode('node-1', carrier);
  const silent = await test.queue({ deviceId: 'cp-1', timeoutMs: 100 * HOUR_MS });
  const next = await test.queue({ deviceId: 'cp-1', timeoutMs: 100 * HOUR_MS });
  test.clock.advance(HOUR_MS);
  carrier.connect('cp-1');
  await until(test, silent.id, 'sent');
  const { sentAt, deadline } = await test.read(silent.id);
  expect(Date.parse(deadline) - Date.parse(sentAt ?? '')).toBe(60_000);
  expect(carrier.sent[0]?.deadlineMs).toBe(Date.parse(deadline));
  test.clock.advance(60_000);
  await until(test, silent.id, 'timed_out');
  await until(test, next.id, 'sent');
});

test('a command that expires behind another one says that its device was busy', async () => {
  await using test = await openWithPile();
  const carrier = createScriptedCarrier();
  test.startNode('node-1', carrier);
  carrier.connect('cp-1');
  const first = await test.queue({ deviceId: 'cp-1', name: 'reset', args: { type: 'Soft' } });
  await until(test, first.id, 'sent');
  const behind = await test.queue({ deviceId: 'cp-1' });
  test.clock.advance(60_000);
  await until(test, behind.id, 'expired');
  expect((await test.read(behind.id)).detail).toBe('device_busy');
});
