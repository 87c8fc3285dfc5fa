import { expect, test } from 'vitest';
import type { CentreMembership } from '#contracts/centres.ts';
import { createManualClock } from '#platform/clock.ts';
import type { Db } from '#platform/db/db.ts';
import { createAuditList } from '#test/support/audit-list.ts';
import { openFeatureApp } from '#test/support/feature-app.ts';
import { openTestDatabase } from '#test/support/test-database.ts';
import { centreRoutes } from './index.ts';

const USER = '019e0000-0000-7000-8000-00000000aaaa';

async function openCentres(db: Db) {
  const clock = createManualClock(Date.UTC(2026, 10, 22));
  const audit = createAuditList();
  const accounts = new Map<string, CentreMembership | null>([[USER, null]]);
  const app = await openFeatureApp({ db, clock }, [
    centreRoutes({
      db,
      clock,
      audit,
      setCentreOfUser: async (_tx, { userId, centre }) => {
        if (!accounts.has(userId)) return false;
        accounts.set(userId, centre);
        return true;
      },
    }),
  ]);
  const add = (body: object) =>
    app.call('POST', '/centres', {
      body: { name: 'North', kind: 'own', timeZone: 'Asia/Shanghai', ...body },
    });
  const change = (id: string, body: object) =>
    app.call('PATCH', `/centres/${id}`, { body, headers: { 'if-match': '*' } });
  return { ...app, audit, accounts, add, change };
}

test('D8: centres stand below each other, never in a circle, and a kind is for good', async () => {
  await using database = await openTestDatabase();
  await using centres = await openCentres(database.db);
  const head = (await centres.add({ name: 'Head' })).json();
  const region = (await centres.add({ parentId: head.id, zones: ['north'] })).json();
  expect(region).toMatchObject({ number: 'CN-000002', parentId: head.id, zones: ['north'], version: 1 });
  const circle = await centres.change(head.id, { parentId: region.id });
  expect([circle.statusCode, circle.json().code]).toEqual([422, 'CENTRE_PARENT_CIRCULAR']);
  const itself = await centres.change(head.id, { parentId: head.id });
  expect(itself.json().code).toBe('CENTRE_PARENT_CIRCULAR');
  expect((await centres.change(head.id, { kind: 'outsourced' })).statusCode).toBe(422);
  const renamed = await centres.change(region.id, { name: 'Far north', zones: ['north', 'east'] });
  expect(renamed.json()).toMatchObject({ name: 'Far north', zones: ['north', 'east'], version: 2 });
  expect(centres.audit.entries.at(-1)).toMatchObject({ action: 'centre.changed' });
});

test.each([
  [{ timeZone: 'Mars/Olympus' }, 'timeZone'],
  [{ parentId: USER }, 'parentId'],
  [{ kind: 'franchise' }, 'kind'],
])('a centre that cannot be is 422 and names the field: %j', async (fault, field) => {
  await using database = await openTestDatabase();
  await using centres = await openCentres(database.db);
  const answer = await centres.add(fault);
  expect(answer.statusCode).toBe(422);
  expect(answer.json().errors).toMatchObject([{ field }]);
});

test('a user works for one centre, or for the head office', async () => {
  await using database = await openTestDatabase();
  await using centres = await openCentres(database.db);
  const { id } = (await centres.add({ kind: 'outsourced' })).json();
  const path = `/centres/${id}/members`;
  expect((await centres.call('POST', path, { body: { userId: USER } })).statusCode).toBe(204);
  expect(centres.accounts.get(USER)).toEqual({ id, kind: 'outsourced' });
  expect((await centres.call('POST', path, { body: { userId: id } })).statusCode).toBe(422);
  expect((await centres.call('POST', path, { body: { userId: USER }, role: 'manager' })).statusCode).toBe(
    403,
  );
  expect((await centres.call('DELETE', `${path}/${USER}`)).statusCode).toBe(204);
  expect(centres.accounts.get(USER)).toBeNull();
});

test('nobody puts themselves into an outsourced centre, which would lock them out; an own one they may', async () => {
  await using database = await openTestDatabase();
  await using centres = await openCentres(database.db);
  const partner = (await centres.add({ kind: 'outsourced' })).json();
  const own = (await centres.add({ kind: 'own' })).json();
  await centres.call('POST', `/centres/${own.id}/members`, { body: { userId: USER } });
  const me = centres.audit.entries.at(-1)?.actor;
  const userId = me?.type === 'user' ? me.userId : '';
  centres.accounts.set(userId, null);
  const join = (id: string) => centres.call('POST', `/centres/${id}/members`, { body: { userId } });
  const refused = await join(partner.id);
  expect([refused.statusCode, refused.json().code]).toEqual([409, 'CENTRE_OWN_ACCOUNT']);
  expect(centres.accounts.get(userId)).toBeNull();
  expect((await join(own.id)).statusCode).toBe(204);
});
