import { expect, test } from 'vitest';
import { createAudit } from '#platform/audit/audit-log.ts';
import { createClock } from '#platform/clock.ts';
import { createLog } from '#platform/log.ts';
import { createOutbox } from '#platform/outbox/postgres-outbox.ts';
import { openFeatureApp } from '#test/support/feature-app.ts';
import { openTestDatabase } from '#test/support/test-database.ts';
import { testRule } from '../testing/batches.ts';
import { ruleRoutes } from './http.ts';
import { importShippedRules } from './import-shipped.ts';
import { activeRules } from './rule-records.ts';

const clock = createClock();
const log = createLog({ level: 'silent', format: 'json' });
const SHIPPED = [
  testRule({ id: 'shipped-on', condition: 'room_temp > 30.0' }),
  testRule({ id: 'shipped-draft', condition: 'room_temp > 31.0', status: 'draft' }),
];
const { version: _version, status: _status, ...OWN } = testRule({ id: 'own', condition: 'humidity > 80.0' });
const { id: _id, ...CHANGE } = OWN;

async function openStore() {
  const database = await openTestDatabase();
  const { db } = database;
  await importShippedRules({ db, clock, log }, SHIPPED);
  const outbox = createOutbox({ clock }, { consumers: [] });
  const app = await openFeatureApp({ db, clock }, [
    ruleRoutes({ db, clock, audit: createAudit({ clock }), outbox }),
  ]);
  return {
    db,
    pool: database.pool,
    call: app.call,
    active: async () => (await activeRules(db)).map(({ id, version }) => `${id} ${version}`),
    import: (...rules: Parameters<typeof importShippedRules>[1]) =>
      importShippedRules({ db, clock, log }, rules),
    [Symbol.asyncDispose]: async () => {
      await app[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

test('shipped rules are taken in once, with the state they ship with', async () => {
  await using store = await openStore();
  await store.import(...SHIPPED);
  expect(await store.active()).toEqual(['shipped-on 1']);
  const { items } = (await store.call('GET', '/rules')).json();
  expect(items).toMatchObject([
    { rule: { id: 'shipped-draft', status: 'draft' }, isShipped: true },
    { rule: { id: 'shipped-on', status: 'active', version: 1 }, createdBy: 'system:catalog' },
  ]);
});

test('a new version of a shipped rule follows the old one: on stays on, off stays off', async () => {
  await using store = await openStore();
  const next = { ...testRule({ id: 'shipped-on', condition: 'room_temp > 29.0' }), version: 2 };
  await store.import(next);
  expect(await store.active()).toEqual(['shipped-on 2']);
  await store.call('POST', '/rules/shipped-on/deactivate');
  await store.import({ ...next, version: 3 });
  expect(await store.active()).toEqual([]);
  await store.call('POST', '/rules/shipped-on/activate');
  expect(await store.active()).toEqual(['shipped-on 3']);
});

test('what an operator named like a later shipped rule stays theirs', async () => {
  await using store = await openStore();
  await store.call('POST', '/rules', { body: OWN });
  await store.import({ ...testRule({ id: 'own', condition: 'room_temp > 1.0' }), version: 7 });
  const { versions } = (await store.call('GET', '/rules/own')).json();
  expect(versions).toMatchObject([{ rule: { version: 1, condition: OWN.condition }, isShipped: false }]);
});

test('an own rule is a draft until it is activated, and one version at a time is evaluated', async () => {
  await using store = await openStore();
  const added = await store.call('POST', '/rules', { body: OWN });
  expect(added.statusCode).toBe(201);
  expect(added.json()).toMatchObject({ rule: { id: 'own', version: 1, status: 'draft' }, isShipped: false });
  expect(await store.active()).toEqual(['shipped-on 1']);
  await store.call('POST', '/rules/own/activate', { body: {} });
  const next = await store.call('POST', '/rules/own/versions', { body: { ...CHANGE, severity: 'major' } });
  expect(next.json()).toMatchObject({ rule: { version: 2, status: 'draft', severity: 'major' } });
  expect(await store.active()).toEqual(['own 1', 'shipped-on 1']);
  await store.call('POST', '/rules/own/activate');
  expect(await store.active()).toEqual(['own 2', 'shipped-on 1']);
  await store.call('POST', '/rules/own/activate', { body: { version: 1 } });
  expect(await store.active()).toEqual(['own 1', 'shipped-on 1']);
  const off = await store.call('POST', '/rules/own/deactivate');
  expect(off.json()).toMatchObject({ rule: { version: 1, status: 'retired' } });
  expect(await store.active()).toEqual(['shipped-on 1']);
  const { rows } = await store.pool.query('select action from audit_record order by id');
  expect(rows.map(({ action }) => action)).toEqual([
    'rule.add',
    'rule.activate',
    'rule.change',
    'rule.activate',
    'rule.activate',
    'rule.deactivate',
  ]);
  const told = await store.pool.query("select distinct type, data->>'ruleId' as rule from outbox_event");
  expect(told.rows).toEqual([{ type: 'rule.changed', rule: 'own' }]);
});

test('a condition that does not compile is refused with line and column, and nothing is saved', async () => {
  await using store = await openStore();
  const answer = await store.call('POST', '/rules', {
    body: { ...OWN, condition: 'humidity >\n  nonsense' },
  });
  expect(answer.statusCode).toBe(422);
  expect(answer.json().errors).toMatchObject([
    { field: 'condition', message: expect.stringMatching(/^line 2, column/) },
  ]);
  expect((await store.call('GET', '/rules/own')).statusCode).toBe(404);
});

test.each([
  ['a rule that exists', '/rules', OWN, 409, 'RULES_RULE_EXISTS'],
  ['a version of a shipped rule', '/rules/shipped-on/versions', CHANGE, 409, 'RULES_RULE_SHIPPED'],
  ['a version of no rule', '/rules/none/versions', CHANGE, 404, 'RULE_NOT_FOUND'],
  ['to activate no rule', '/rules/none/activate', {}, 404, 'RULE_NOT_FOUND'],
  ['to activate no version', '/rules/own/activate', { version: 9 }, 404, 'RULE_VERSION_NOT_FOUND'],
  [
    'a version that names its number',
    '/rules/own/versions',
    { ...CHANGE, version: 3 },
    422,
    'HTTP_REQUEST_INVALID',
  ],
])('%s is refused', async (_, path, body, status, code) => {
  await using store = await openStore();
  await store.call('POST', '/rules', { body: OWN });
  const answer = await store.call('POST', path, { body });
  expect(answer.statusCode).toBe(status);
  expect(answer.json()).toMatchObject({ code });
});

test('rules are changed by those who may, and listed a page at a time', async () => {
  await using store = await openStore();
  expect((await store.call('POST', '/rules', { body: OWN, role: 'agent' })).statusCode).toBe(403);
  await store.call('POST', '/rules', { body: OWN, role: 'manager' });
  const first = (await store.call('GET', '/rules?limit=2', { role: 'agent' })).json();
  const second = (await store.call('GET', `/rules?limit=2&cursor=${first.nextCursor}`)).json();
  const ids = [...first.items, ...second.items].map((item) => item.rule.id);
  expect(ids).toEqual(['own', 'shipped-draft', 'shipped-on']);
  const active = (await store.call('GET', '/rules?active=true')).json();
  expect(active.items).toMatchObject([{ rule: { id: 'shipped-on' } }]);
});
