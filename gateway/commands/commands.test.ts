import { expect, test } from 'vitest';
import type { Command } from '#contracts/commands.ts';
import { newId } from '#platform/ids.ts';
import { createLog } from '#platform/log.ts';
import {
  answerOf,
  createScriptedCarrier,
  openTestCommands,
  type TestCommands,
} from '#test/support/test-commands.ts';
import { addDevice } from '#test/support/test-devices.ts';
import { createDeviceSessions } from '../devices/sessions.ts';

const WAIT = { timeout: 15_000, interval: 10 };
const NEVER = new Promise<never>(() => undefined);
const pile = (test: TestCommands, id = 'cp-1') =>
  addDevice(test.deps, { id, kind: 'charging_pile', model: 'dc-pile-generic' });
const until = (test: TestCommands, id: string, status: Command['status']) =>
  expect.poll(async () => (await test.read(id)).status, WAIT).toBe(status);

test('a command goes to the connected device and ends as its wire says; each step is told, both ends audited', async () => {
  await using test = await openTestCommands();
  await pile(test);
  const carrier = createScriptedCarrier();
  carrier.answerWith(() => answerOf('accepted'));
  test.startNode('node-1', carrier);
  carrier.connect('cp-1');
  const ticketId = newId();
  const queued = await test.queue({ deviceId: 'cp-1', name: 'reset', args: { type: 'Soft' }, ticketId });
  expect(queued).toMatchObject({ status: 'queued', requestedBy: 'system:test', sentAt: null, ticketId });
  expect(Date.parse(queued.deadline) - Date.parse(queued.queuedAt)).toBe(5 * 60_000);

  await until(test, queued.id, 'accepted');
  carrier.tell(queued.id, 'done', 'restarted\u0000');
  await until(test, queued.id, 'done');
  expect(await test.read(queued.id)).toMatchObject({ detail: 'restarted', endedAt: expect.any(String) });
  expect(carrier.sent).toEqual([
    {
      id: queued.id,
      deviceId: 'cp-1',
      name: 'reset',
      args: { type: 'Soft' },
      deadlineMs: Date.parse(queued.deadline),
    },
  ]);
  const told = await test.database.pool.query(
    "select data->>'status' as status from outbox_event where type = 'command.changed' order by seq",
  );
  expect(told.rows.map(({ status }) => status)).toEqual(['queued', 'sent', 'accepted', 'done']);
  const audited = await test.database.pool.query(
    "select action from audit_record where entity = 'command' order by id",
  );
  expect(audited.rows.map(({ action }) => action)).toEqual(['command.queued', 'command.ended']);
  expect(await test.counted('aftercare_commands_total', 'done')).toBe(1);
});

test('commands wait for their device and go one at a time, in the order they were queued', async () => {
  await using test = await openTestCommands();
  await pile(test);
  const carrier = createScriptedCarrier();
  test.startNode('node-1', carrier);
  const queued: Command[] = [];
  for (let n = 0; n < 3; n += 1) queued.push(await test.queue({ deviceId: 'cp-1' }));
  const ids = queued.map(({ id }) => id);
  carrier.connect('cp-1');
  for (const [n, id] of ids.entries()) {
    await until(test, id, 'sent');
    expect(carrier.sent.map((command) => command.id)).toEqual(ids.slice(0, n + 1));
    carrier.tell(id, 'done');
  }
  await until(test, String(ids[2]), 'done');
});

test('what is never sent expires, what is never answered times out; a late answer is noted and changes no end', async () => {
  await using test = await openTestCommands();
  await pile(test);
  const carrier = createScriptedCarrier();
  carrier.answerWith(() => NEVER);
  test.startNode('node-1', carrier);
  const away = await test.queue({ deviceId: 'cp-1', timeoutMs: 5_000 });
  test.clock.advance(5_000);
  await until(test, away.id, 'expired');
  expect((await test.read(away.id)).detail).toBe('not_sent_by_deadline');

  const silent = await test.queue({ deviceId: 'cp-1', timeoutMs: 5_000 });
  const next = await test.queue({ deviceId: 'cp-1', timeoutMs: 50_000 });
  carrier.connect('cp-1');
  await until(test, silent.id, 'sent');
  test.clock.advance(5_000);
  await until(test, silent.id, 'timed_out');
  await until(test, next.id, 'sent');
  carrier.tell(silent.id, 'done', 'was slow');
  carrier.tell(silent.id, 'failed');
  carrier.tell(next.id, 'done');
  await until(test, next.id, 'done');
  expect(await test.read(silent.id)).toMatchObject({
    status: 'timed_out',
    detail: 'no_answer_by_deadline; later: done (was slow)',
  });
  expect(await test.counted('aftercare_commands_total', 'timed_out')).toBe(1);
});

test('a reset that was accepted before our own restart is done when the station says that it has restarted', async () => {
  await using test = await openTestCommands();
  await pile(test);
  const before = createScriptedCarrier();
  before.answerWith(() => answerOf('accepted'));
  const node = test.startNode('node-1', before);
  before.connect('cp-1');
  const reset = await test.queue({ deviceId: 'cp-1', name: 'reset', args: { type: 'Soft' } });
  await until(test, reset.id, 'accepted');
  const next = await test.queue({ deviceId: 'cp-1' });
  await node[Symbol.asyncDispose]();

  test.clock.advance(1_000);
  const after = createScriptedCarrier();
  test.startNode('node-1', after);
  after.connect('cp-1');
  await pile(test, 'cp-2');
  after.connect('cp-2');
  const other = await test.queue({ deviceId: 'cp-2' });
  await until(test, other.id, 'sent');
  expect((await test.read(reset.id)).status).toBe('accepted');
  after.restart('cp-2');
  after.restart('cp-1');
  await until(test, reset.id, 'done');
  expect((await test.read(reset.id)).detail).toBe('restarted');
  await until(test, next.id, 'sent');
  expect((await test.read(other.id)).status).toBe('sent');
});

test('a device that never answers holds up no other', async () => {
  await using test = await openTestCommands();
  await pile(test, 'cp-1');
  await pile(test, 'cp-2');
  const carrier = createScriptedCarrier();
  carrier.answerWith(({ deviceId }) => (deviceId === 'cp-1' ? NEVER : answerOf('done')));
  test.startNode('node-1', carrier);
  carrier.connect('cp-1');
  carrier.connect('cp-2');
  const hung = await test.queue({ deviceId: 'cp-1' });
  await until(test, hung.id, 'sent');
  for (let n = 0; n < 5; n += 1) {
    const { id } = await test.queue({ deviceId: 'cp-2' });
    await until(test, id, 'done');
  }
  expect((await test.read(hung.id)).status).toBe('sent');
});

test('a device that was not there after all gets the command when it is back', async () => {
  await using test = await openTestCommands();
  await pile(test);
  const carrier = createScriptedCarrier();
  carrier.answerWith(() => answerOf('unsent'));
  test.startNode('node-1', carrier);
  carrier.connect('cp-1');
  const { id } = await test.queue({ deviceId: 'cp-1' });
  await expect.poll(() => carrier.sent.length, WAIT).toBeGreaterThanOrEqual(1);
  carrier.disconnect('cp-1');
  await until(test, id, 'queued');
  expect((await test.read(id)).sentAt).toBeNull();
  carrier.answerWith(() => answerOf('done'));
  carrier.connect('cp-1');
  await until(test, id, 'done');
});

test('a wire that throws fails the command and nothing else', async () => {
  await using test = await openTestCommands();
  await pile(test);
  const carrier = createScriptedCarrier();
  carrier.answerWith(() => Promise.reject(new Error('broken')));
  test.startNode('node-1', carrier);
  carrier.connect('cp-1');
  const { id } = await test.queue({ deviceId: 'cp-1' });
  await until(test, id, 'failed');
  expect((await test.read(id)).detail).toBe('carrier_failed');
});

test('answers count once, and only of the device whose command it is', async () => {
  await using test = await openTestCommands();
  await pile(test, 'cp-1');
  await pile(test, 'cp-2');
  const carrier = createScriptedCarrier();
  test.startNode('node-1', carrier);
  carrier.connect('cp-1');
  const { id } = await test.queue({ deviceId: 'cp-1' });
  await until(test, id, 'sent');
  const answer = { deviceId: 'cp-1', commandId: id, detail: null, atMs: test.clock.nowMs() };
  await test.commands.recordAnswers([
    { ...answer, deviceId: 'cp-2', status: 'failed' },
    { ...answer, commandId: newId(), status: 'done' },
    { ...answer, commandId: '7', status: 'done' },
    { ...answer, status: 'accepted' },
    { ...answer, status: 'accepted' },
    { ...answer, status: 'done' },
  ]);
  await test.commands.recordAnswers([
    { ...answer, status: 'accepted' },
    { ...answer, status: 'done' },
  ]);

  expect(await test.read(id)).toMatchObject({ status: 'done', detail: null });
  const ignored = (reason: string) => test.counted('aftercare_command_answers_ignored_total', reason);
  expect([await ignored('foreign'), await ignored('unknown'), await ignored('repeated')]).toEqual([1, 2, 3]);
});

test('two nodes that both believe to hold the device send each command once', async () => {
  await using test = await openTestCommands();
  await pile(test);
  const carriers = [createScriptedCarrier(), createScriptedCarrier()];
  for (const [n, carrier] of carriers.entries()) {
    carrier.answerWith(() => answerOf('done'));
    test.startNode(`node-${n}`, carrier);
    carrier.connect('cp-1');
  }
  const queued = await Promise.all(Array.from({ length: 20 }, () => test.queue({ deviceId: 'cp-1' })));
  for (const { id } of queued) await until(test, id, 'done');

  const sent = carriers.flatMap((carrier) => carrier.sent.map(({ id }) => id));
  expect(sent.sort()).toEqual(queued.map(({ id }) => id).sort());
});

test('the sweep finds a command whose wake was missed', async () => {
  await using test = await openTestCommands();
  await pile(test);
  const { clock, deps } = test;
  const log = createLog({ level: 'silent', format: 'json' });
  await using sessions = createDeviceSessions({ db: deps.db, clock, log }, { nodeId: 'node-1' });
  const carrier = createScriptedCarrier();
  carrier.connect('cp-1');
  const { id } = await test.queue({ deviceId: 'cp-1' });
  await expect
    .poll(async () => {
      const { rows } = await test.database.pool.query('select count(*) as waiting from outbox_delivery');
      return rows[0].waiting;
    }, WAIT)
    .toBe(0);
  test.startNode('node-1', carrier);
  sessions.connected('cp-1', null);
  await sessions.flush();

  await until(test, id, 'sent');
});

test('a command left sent by a node that was killed takes its answer from the next', async () => {
  await using test = await openTestCommands();
  await pile(test);
  const before = createScriptedCarrier();
  const node = test.startNode('node-1', before);
  before.connect('cp-1');
  const { id } = await test.queue({ deviceId: 'cp-1' });
  await until(test, id, 'sent');
  await node[Symbol.asyncDispose]();

  const after = createScriptedCarrier();
  test.startNode('node-1', after);
  after.connect('cp-1');
  after.tell(id, 'done');
  await until(test, id, 'done');
  expect(after.sent).toEqual([]);
});

test('the same id is the same command; of another device it is refused', async () => {
  await using test = await openTestCommands();
  await pile(test, 'cp-1');
  await pile(test, 'cp-2');
  const id = newId();
  const first = await test.queue({ id, deviceId: 'cp-1' });
  expect(await test.queue({ id, deviceId: 'cp-1' })).toEqual(first);
  await expect(test.queue({ id, deviceId: 'cp-2' })).rejects.toMatchObject({ code: 'COMMAND_ID_TAKEN' });
  const together = newId();
  const [one, other] = await Promise.all([1, 2].map(() => test.queue({ id: together, deviceId: 'cp-2' })));
  expect(one).toEqual(other);
});
