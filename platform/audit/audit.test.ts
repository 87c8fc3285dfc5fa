import { expect, test } from 'vitest';
import type { Actor } from '#platform/auth/actor.ts';
import { createClock } from '#platform/clock.ts';
import { createLog } from '#platform/log.ts';
import { openTestHttp, type TestHttp } from '#test/support/test-http.ts';
import { sealAudit, startAuditSealer, verifyAudit } from './audit-chain.ts';
import { createAudit } from './audit-log.ts';
import { auditRoutes } from './audit-routes.ts';

const clock = createClock();
const audit = createAudit({ clock });
const system: Actor = { type: 'system', name: 'test' };

const open = () => openTestHttp(({ database: { db }, secretKey }) => [auditRoutes({ db, secretKey })]);

function move(http: TestHttp, from: string, to: string) {
  return http.database.db.transaction().execute((tx) =>
    audit.record(tx, {
      actor: system,
      action: 'customer.changed',
      entity: 'customer',
      entityId: 'c-1',
      fields: { address: { from, to }, level: { to: 3 } },
      personal: ['address'],
    }),
  );
}

const seal = ({ database: { db }, secretKey }: TestHttp) => sealAudit({ db, clock }, secretKey);
const verify = ({ database: { db }, secretKey }: TestHttp) => verifyAudit(db, secretKey);

async function openSealed(): Promise<TestHttp> {
  const http = await open();
  for (const street of ['East', 'North', 'West']) {
    await move(http, 'South', street);
    await seal(http);
  }
  expect(await verify(http)).toEqual({ ok: true, blocks: 3, rows: 3 });
  return http;
}

const SECOND = 'id = (select id from audit_record where block_number = 2)';

test.each([
  [
    'a changed value',
    `update audit_record set fields = '{"level":{"to":4}}' where ${SECOND}`,
    2,
    'rows_changed',
  ],
  ['a changed actor', `update audit_record set actor_id = 'somebody' where ${SECOND}`, 2, 'rows_changed'],
  [
    'a time moved by a microsecond',
    `update audit_record set at = at + interval '1 us' where ${SECOND}`,
    2,
    'rows_changed',
  ],
  ['a deleted row', `delete from audit_record where ${SECOND}`, 2, 'rows_changed'],
  [
    'a row taken out of its block',
    `update audit_record set block_number = null where ${SECOND}`,
    2,
    'rows_changed',
  ],
  [
    'a row slipped in',
    `insert into audit_record select gen_random_uuid(), at, actor_id, action, entity, entity_id, fields, 2 from audit_record where ${SECOND}`,
    2,
    'rows_changed',
  ],
  [
    'a block forged without the key',
    "update audit_block set hash = sha256('x') where number = 3",
    3,
    'rows_changed',
  ],
  ['a deleted block', 'delete from audit_block where number = 2', 2, 'block_missing'],
  ['the last block deleted', 'delete from audit_block where number = 3', 3, 'block_missing'],
] as const)('R2: %s breaks the chain', async (...[, statement, block, reason]) => {
  await using http = await openSealed();
  await http.database.pool.query(statement);
  expect(await verify(http)).toEqual({ ok: false, block, reason });
});

test('R2: erasing what is personal leaves the chain whole, and the row keeps only a salted hash', async () => {
  await using http = await openSealed();
  const headers = await http.signIn('manager');
  await seal(http);
  const list = () => http.app.inject({ url: '/api/v1/audit?entity=customer&entityId=c-1&limit=2', headers });
  expect((await list()).json().items[0]).toMatchObject({
    actorId: 'system:test',
    fields: { address: { from: 'South', to: 'West' }, level: { to: 3 } },
  });
  const stored = await http.database.pool.query('select fields::text from audit_record');
  expect(JSON.stringify(stored.rows)).not.toMatch(/South|West/);
  await http.database.pool.query('delete from audit_personal');
  expect((await list()).json().items[0].fields.address.to).toEqual({
    sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  const verdict = await http.app.inject({ url: '/api/v1/audit/verify', headers });
  expect(verdict.json()).toMatchObject({ ok: true });
});

test('the list is newest first, a page at a time', async () => {
  await using http = await openSealed();
  const headers = await http.signIn('manager');
  const get = async (query: string) =>
    (await http.app.inject({ url: `/api/v1/audit?entity=customer${query}`, headers })).json();
  const first = await get('&limit=2');
  const second = await get(`&limit=2&cursor=${first.nextCursor}`);
  const streets = [...first.items, ...second.items].map((item) => item.fields.address.to);
  expect(streets).toEqual(['West', 'North', 'East']);
  expect(second.nextCursor).toBeNull();
});

test('a row whose transaction ends late is sealed later and leaves no gap', async () => {
  await using http = await open();
  let commit: () => void = () => undefined;
  let written: () => void = () => undefined;
  const isWritten = new Promise<void>((resolve) => {
    written = resolve;
  });
  const late = http.database.db.transaction().execute(async (tx) => {
    await audit.record(tx, { actor: system, action: 'late', entity: 'x', entityId: '1' });
    written();
    await new Promise<void>((resolve) => {
      commit = resolve;
    });
  });
  await isWritten;
  await move(http, 'a', 'b');
  expect(await seal(http)).toBe(1);
  commit();
  await late;
  expect(await seal(http)).toBe(1);
  expect(await verify(http)).toEqual({ ok: true, blocks: 2, rows: 2 });
});

test('two nodes sealing at once make one chain, and the sealer keeps at it', async () => {
  await using http = await open();
  const { db } = http.database;
  const log = createLog({ level: 'silent', format: 'json' });
  const settings = { secretKey: http.secretKey, everyMs: 5 };
  await using _one = startAuditSealer({ db, clock, log }, settings);
  await using _two = startAuditSealer({ db, clock, log }, settings);
  for (let row = 0; row < 40; row += 1) await move(http, 'a', String(row));
  await expect.poll(() => verify(http)).toMatchObject({ ok: true, rows: 40 });
});
