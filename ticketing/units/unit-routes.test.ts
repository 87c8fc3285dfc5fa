import { expect, test } from 'vitest';
import type { Unit } from '#contracts/units.ts';
import { createManualClock } from '#platform/clock.ts';
import type { Db } from '#platform/db/db.ts';
import { createAuditList } from '#test/support/audit-list.ts';
import { openFeatureApp } from '#test/support/feature-app.ts';
import { openTestDatabase } from '#test/support/test-database.ts';
import { customerRoutes, siteRoutes } from '../customers/index.ts';
import { createUnits, unitRoutes, unitsOfCustomer } from './index.ts';

const NOW = Date.UTC(2026, 10, 21);
const NOBODY = '019e0000-0000-7000-8000-00000000dead';

async function openRegister(db: Db) {
  const clock = createManualClock(NOW);
  const audit = createAuditList();
  const deps = { db, clock, audit };
  const app = await openFeatureApp({ db, clock }, [
    customerRoutes({ ...deps, unitsOfCustomer }),
    siteRoutes(deps, { defaultTimeZone: 'Asia/Shanghai' }),
    unitRoutes(deps),
  ]);
  const post = async (path: string, body: object) => (await app.call('POST', path, { body })).json();
  return {
    ...app,
    audit,
    units: createUnits({ audit }),
    addUnit: (body: object): Promise<Unit> =>
      post('/units', { kind: 'ac_unit', model: 'split-generic', ...body }),
    addSite: async () => {
      const customer = await post('/customers', { kind: 'corporate', name: 'Hotel' });
      const site = await post('/sites', { customerId: customer.id, name: 'Tower', address: '1 Road' });
      return { customerId: customer.id as string, siteId: site.id as string };
    },
  };
}

test('B4: looking up a serial number finds the unit and its owner, though it never connected', async () => {
  await using database = await openTestDatabase();
  await using register = await openRegister(database.db);
  const { siteId, customerId } = await register.addSite();
  const unit = await register.addUnit({
    serial: 'SN-77',
    siteId,
    labels: { floor: '3' },
    warrantyUntil: NOW + 1000,
  });
  await register.addUnit({ serial: 'XX-1' });

  const found = (await register.call('GET', '/units?q=sn-77')).json();
  expect(found.items).toHaveLength(1);
  expect(found.items[0]).toMatchObject({
    id: unit.id,
    customerId,
    labels: { floor: '3' },
    warrantyUntil: '2026-11-21T00:00:01.000Z',
    deviceIds: [],
  });
  const detail = (await register.call('GET', `/units/${unit.id}`)).json();
  expect(detail).toMatchObject({ site: { address: '1 Road' }, customer: { name: 'Hotel' }, bindings: [] });
  const file = (await register.call('GET', `/customers/${customerId}`)).json();
  expect(file.units).toMatchObject([{ id: unit.id }]);
});

test('B4: a unit shows every device that ever spoke for it, and is found by the one that does now', async () => {
  await using database = await openTestDatabase();
  const { db } = database;
  await using register = await openRegister(db);
  const { id } = await register.addUnit({});
  const { id: otherId } = await register.addUnit({});
  const device = { kind: 'ac_unit', model: 'split-generic', serial: null, siteId: null };
  const bind = (deviceId: string, unitId: string, atMs: number) =>
    db.transaction().execute((tx) => register.units.bindDevice(tx, { ...device, deviceId, unitId, atMs }));
  await bind('ac-1', id, NOW);
  await bind('ac-2', id, NOW + 1000);
  await bind('ac-1', otherId, NOW + 2000);

  const detail = (await register.call('GET', `/units/${id}`)).json();
  expect(detail.deviceIds).toEqual(['ac-2']);
  expect(detail.bindings).toEqual([
    { deviceId: 'ac-1', boundAt: '2026-11-21T00:00:00.000Z', unboundAt: '2026-11-21T00:00:02.000Z' },
    { deviceId: 'ac-2', boundAt: '2026-11-21T00:00:01.000Z', unboundAt: null },
  ]);
  const byDevice = (await register.call('GET', '/units?deviceId=ac-1')).json();
  expect(byDevice.items.map((unit: Unit) => unit.id)).toEqual([otherId]);
});

test('moving a unit to a site gives it that site’s customer, and both changes are audited', async () => {
  await using database = await openTestDatabase();
  await using register = await openRegister(database.db);
  const { siteId, customerId } = await register.addSite();
  const { id } = await register.addUnit({});

  const answer = await register.call('PATCH', `/units/${id}`, {
    body: { siteId, status: 'suspended' },
    headers: { 'if-match': '"1"' },
  });

  expect(answer.json()).toMatchObject({ siteId, customerId, status: 'suspended', version: 2 });
  expect(register.audit.entries.at(-1)?.fields).toEqual({
    siteId: { from: null, to: siteId },
    customerId: { from: null, to: customerId },
    status: { from: 'in_service', to: 'suspended' },
  });
});

test('an edit that changes nothing keeps the version and leaves no audit row', async () => {
  await using database = await openTestDatabase();
  await using register = await openRegister(database.db);
  const { id } = await register.addUnit({ warrantyUntil: NOW });
  const before = register.audit.entries.length;

  const answer = await register.call('PATCH', `/units/${id}`, {
    body: { model: 'split-generic', warrantyUntil: new Date(NOW).toISOString() },
    headers: { 'if-match': '"1"' },
  });

  expect(answer.json().version).toBe(1);
  expect(register.audit.entries).toHaveLength(before);
});

test.each([
  [{ siteId: NOBODY }, 'siteId'],
  [{ customerId: NOBODY }, 'customerId'],
  [{ serial: 'taken' }, 'serial'],
  [{ kind: 'toaster' }, 'kind'],
])('a unit that cannot be is 422 and names the field: %j', async (fault, field) => {
  await using database = await openTestDatabase();
  await using register = await openRegister(database.db);
  await register.addUnit({ serial: 'taken' });
  const body = { kind: 'ac_unit', model: 'split-generic', ...fault };
  const answer = await register.call('POST', '/units', { body });
  expect(answer.json()).toMatchObject({ status: 422, errors: [{ field }] });
});
