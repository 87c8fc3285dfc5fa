import { expect, test } from 'vitest';
import type { Technician } from '#contracts/people.ts';
import { createManualClock } from '#platform/clock.ts';
import type { Db } from '#platform/db/db.ts';
import { createAuditList } from '#test/support/audit-list.ts';
import { openFeatureApp } from '#test/support/feature-app.ts';
import { openTestDatabase } from '#test/support/test-database.ts';
import { dispatchRoster, findTechnician, technicianRoutes } from './index.ts';

const NOW = Date.UTC(2026, 10, 21);
const DAY_MS = 86_400_000;
const USER = '019e0000-0000-7000-8000-00000000aaaa';
const OTHER_USER = '019e0000-0000-7000-8000-00000000bbbb';
const NOBODY = '019e0000-0000-7000-8000-00000000dead';

async function openPeople(db: Db) {
  const clock = createManualClock(NOW);
  const audit = createAuditList();
  const accounts = new Map<string, string | null>([
    [USER, null],
    [OTHER_USER, null],
  ]);
  const app = await openFeatureApp({ db, clock }, [
    technicianRoutes({
      db,
      clock,
      audit,
      releaseUncertified: async () => undefined,
      setTechnicianOfUser: async (_tx, { userId, technicianId }) => {
        if (!accounts.has(userId)) return false;
        accounts.set(userId, technicianId);
        return true;
      },
    }),
  ]);
  const add = async (body: object): Promise<Technician> => {
    const technician = { name: 'Chen', phone: '13700000000', zone: 'east', ...body };
    return (await app.call('POST', '/technicians', { body: technician })).json();
  };
  return { ...app, audit, accounts, add };
}

test('O3: only an active technician with a skill that has not expired may be sent', async () => {
  await using database = await openTestDatabase();
  const { db } = database;
  await using people = await openPeople(db);
  const forEver = await people.add({ skills: ['electrical', 'controls'] });
  const untilTomorrow = await people.add({
    skills: [{ skill: 'electrical', validUntil: new Date(NOW + DAY_MS).toISOString() }],
  });
  const left = await people.add({ skills: ['electrical'] });
  await people.call('PATCH', `/technicians/${left.id}`, {
    body: { isActive: false },
    headers: { 'if-match': '"1"' },
  });
  await people.add({ skills: ['refrigeration'] });
  const ids = async (atMs: number) =>
    (await dispatchRoster(db, { skill: 'electrical', atMs, everybody: false }))
      .filter(({ certificate }) => certificate === 'valid')
      .map(({ technicianId }) => technicianId);

  expect(await ids(NOW)).toEqual([forEver.id, untilTomorrow.id]);
  expect(await ids(NOW + DAY_MS)).toEqual([forEver.id]);
});

test('D12: a changed telephone number is audited and is the one in use', async () => {
  await using database = await openTestDatabase();
  await using people = await openPeople(database.db);
  const { id } = await people.add({ skills: [] });

  await people.call('PATCH', `/technicians/${id}`, {
    body: { phone: '13711111111' },
    headers: { 'if-match': '"1"' },
  });

  expect((await findTechnician(database.db, id))?.phone).toBe('13711111111');
  expect(people.audit.entries.at(-1)).toMatchObject({
    action: 'technician.changed',
    fields: { phone: { from: '13700000000', to: '13711111111' } },
    personal: expect.arrayContaining(['phone']),
  });
});

test('skills given in a change replace the whole list', async () => {
  await using database = await openTestDatabase();
  await using people = await openPeople(database.db);
  const { id } = await people.add({ skills: ['electrical', 'controls'] });

  const answer = await people.call('PATCH', `/technicians/${id}`, {
    body: { skills: [{ skill: 'refrigeration', validUntil: NOW + DAY_MS }] },
    headers: { 'if-match': '"1"' },
  });

  const skills = [{ skill: 'refrigeration', validUntil: '2026-11-22T00:00:00.000Z' }];
  expect(answer.json()).toMatchObject({ skills, version: 2 });
});

test.each([
  [{ skills: ['juggling'] }, 'skills'],
  [{ skills: [], userId: NOBODY }, 'userId'],
  [{ skills: [], phone: 'call me' }, 'phone'],
  [{}, 'skills'],
])('a technician that cannot be is 422 and names the field: %j', async (fault, field) => {
  await using database = await openTestDatabase();
  await using people = await openPeople(database.db);
  const body = { name: 'Chen', phone: '13700000000', zone: 'east', ...fault };
  const answer = await people.call('POST', '/technicians', { body });
  expect(answer.statusCode).toBe(422);
  expect(answer.json().errors).toMatchObject([{ field }]);
});

test('R7: a user is one technician at most', async () => {
  await using database = await openTestDatabase();
  await using people = await openPeople(database.db);
  const { id } = await people.add({ skills: ['general'], userId: USER });

  const body = { name: 'Other', phone: '13700000001', skills: [], userId: USER };
  const again = await people.call('POST', '/technicians', { body });

  expect(again.json()).toMatchObject({
    status: 422,
    code: 'PEOPLE_USER_TAKEN',
    errors: [{ field: 'userId' }],
  });
  expect(people.accounts.get(USER)).toBe(id);
});

test('a technician given another account leaves the first', async () => {
  await using database = await openTestDatabase();
  await using people = await openPeople(database.db);
  const { id } = await people.add({ skills: [], userId: USER });

  await people.call('PATCH', `/technicians/${id}`, {
    body: { userId: OTHER_USER },
    headers: { 'if-match': '"1"' },
  });

  expect([...people.accounts]).toEqual([
    [USER, null],
    [OTHER_USER, id],
  ]);
});

test('technicians are found by skill, zone and whether they are active', async () => {
  await using database = await openTestDatabase();
  await using people = await openPeople(database.db);
  const east = await people.add({ skills: ['electrical'] });
  const west = await people.add({ skills: ['controls'], zone: 'west' });
  const ids = async (query: string) =>
    (await people.call('GET', `/technicians?${query}`)).json().items.map((item: Technician) => item.id);

  expect(await ids('')).toEqual([west.id, east.id]);
  expect(await ids('skill=electrical')).toEqual([east.id]);
  expect(await ids('zone=west&isActive=true')).toEqual([west.id]);
  expect(await ids('isActive=false')).toEqual([]);
});
