import { expect, test } from 'vitest';
import type { Customer, Site } from '#contracts/customers.ts';
import { createManualClock } from '#platform/clock.ts';
import type { Db } from '#platform/db/db.ts';
import { createAuditList } from '#test/support/audit-list.ts';
import { openFeatureApp } from '#test/support/feature-app.ts';
import { openTestDatabase } from '#test/support/test-database.ts';
import { customerRoutes, findContactByPhone, siteRoutes } from './index.ts';

const NOBODY = '019e0000-0000-7000-8000-00000000dead';

async function openRegister(db: Db) {
  const clock = createManualClock(Date.UTC(2026, 10, 21));
  const audit = createAuditList();
  const app = await openFeatureApp({ db, clock }, [
    customerRoutes({ db, clock, audit, unitsOfCustomer: async () => [] }),
    siteRoutes({ db, clock, audit }, { defaultTimeZone: 'Asia/Shanghai' }),
  ]);
  return {
    ...app,
    audit,
    addCustomer: async (body: object): Promise<Customer> =>
      (await app.call('POST', '/customers', { body })).json(),
  };
}

test('B3: individual and corporate customers are entered, each with a number', async () => {
  await using database = await openTestDatabase();
  await using register = await openRegister(database.db);

  const one = await register.call('POST', '/customers', { body: { kind: 'individual', name: '王芳' } });
  const other = await register.addCustomer({
    kind: 'corporate',
    name: 'Hotel',
    phone: '021-5555 0000',
    email: 'desk@hotel.example',
  });

  expect(one.statusCode).toBe(201);
  expect(one.headers.etag).toBe('"1"');
  expect(one.json()).toMatchObject({ number: 'CU-000001', name: '王芳', phone: null, tier: 'standard' });
  expect(other).toMatchObject({
    number: 'CU-000002',
    kind: 'corporate',
    createdAt: '2026-11-21T00:00:00.000Z',
  });
});

test('B3: the file of a corporate customer shows its contacts and sites', async () => {
  await using database = await openTestDatabase();
  await using register = await openRegister(database.db);
  const { id } = await register.addCustomer({ kind: 'corporate', name: 'Hotel' });
  for (const name of ['Li Wei', 'Zhao Min']) {
    const contact = { name, phone: '13800000001', role: 'engineer' };
    const answer = await register.call('POST', `/customers/${id}/contacts`, { body: contact });
    expect(answer.statusCode).toBe(201);
  }
  await register.call('POST', '/sites', {
    body: {
      customerId: id,
      name: 'Tower',
      address: '1 Road',
      zone: 'east',
      latitude: 31.2,
      longitude: 121.5,
    },
  });

  const file = await register.call('GET', `/customers/${id}`);

  expect(file.json()).toMatchObject({
    id,
    contacts: [{ name: 'Li Wei' }, { name: 'Zhao Min' }],
    sites: [{ number: 'SI-000001', address: '1 Road', timeZone: 'Asia/Shanghai', zone: 'east' }],
    units: [],
  });
});

test('B1: a change of address leaves the old one in the audit, as a personal value', async () => {
  await using database = await openTestDatabase();
  await using register = await openRegister(database.db);
  const { id } = await register.addCustomer({ kind: 'individual', name: 'Wang' });
  const site: Site = (
    await register.call('POST', '/sites', {
      body: { customerId: id, name: 'Home', address: '1 Old Road', timeZone: 'Europe/Paris' },
    })
  ).json();

  const answer = await register.call('PATCH', `/sites/${site.id}`, {
    body: { address: '2 New Road', name: 'Home' },
    headers: { 'if-match': '"1"' },
  });

  expect(answer.json()).toMatchObject({ address: '2 New Road', version: 2 });
  expect(answer.headers.etag).toBe('"2"');
  const entry = register.audit.entries.at(-1);
  expect(entry).toMatchObject({ action: 'site.changed', entityId: site.id });
  expect(entry?.fields).toEqual({ address: { from: '1 Old Road', to: '2 New Road' } });
  expect(entry?.personal).toContain('address');
});

test('an edit needs the version that was read: 428 without one, 412 with an old one', async () => {
  await using database = await openTestDatabase();
  await using register = await openRegister(database.db);
  const { id } = await register.addCustomer({ kind: 'individual', name: 'Wang' });
  const edit = (headers: Record<string, string>) =>
    register.call('PATCH', `/customers/${id}`, { body: { phone: '13900000000' }, headers });

  expect((await edit({})).statusCode).toBe(428);
  expect((await edit({ 'if-match': '"1"' })).statusCode).toBe(200);
  expect((await edit({ 'if-match': '"1"' })).statusCode).toBe(412);
});

test.each<[body: { customerId?: string; [field: string]: unknown }, field: string]>([
  [{ customerId: NOBODY, name: 'A', address: 'B' }, 'customerId'],
  [{ name: 'A', address: 'B' }, 'customerId'],
  [{ customerId: 'known', name: 'A', address: 'B', timeZone: 'Mars/Base' }, 'timeZone'],
  [{ customerId: 'known', name: 'A', address: 'B', timeZone: '+08:00' }, 'timeZone'],
  [{ customerId: 'known', name: 'A', address: 'B', latitude: 91 }, 'latitude'],
])('a site that cannot be is 422 and names the field: %j', async (body, field) => {
  await using database = await openTestDatabase();
  await using register = await openRegister(database.db);
  const { id } = await register.addCustomer({ kind: 'individual', name: 'Wang' });

  const customerId = body.customerId === 'known' ? id : body.customerId;
  const answer = await register.call('POST', '/sites', { body: { ...body, customerId } });

  expect(answer.statusCode).toBe(422);
  expect(answer.json().errors).toMatchObject([{ field }]);
});

test('customers are listed newest first, page by page, and found by name, number or telephone', async () => {
  await using database = await openTestDatabase();
  await using register = await openRegister(database.db);
  for (const n of [1, 2, 3]) {
    await register.addCustomer({ kind: 'individual', name: `Customer ${n}`, phone: `1380000000${n}` });
  }
  const numbers = async (query: string) => {
    const page = (await register.call('GET', `/customers?${query}`)).json();
    return { numbers: page.items.map((item: Customer) => item.number), cursor: page.nextCursor };
  };

  const first = await numbers('limit=2');
  expect(first.numbers).toEqual(['CU-000003', 'CU-000002']);
  expect(await numbers(`limit=2&cursor=${first.cursor}`)).toEqual({ numbers: ['CU-000001'], cursor: null });
  expect((await numbers('q=customer%202')).numbers).toEqual(['CU-000002']);
  expect((await numbers('q=cu-000003')).numbers).toEqual(['CU-000003']);
  expect((await numbers('q=%2B86%20138-0000-0001')).numbers).toEqual(['CU-000001']);
  expect((await numbers('kind=corporate')).numbers).toEqual([]);
  expect((await register.call('GET', '/customers?cursor=YWMtMQ')).statusCode).toBe(400);
});

test('R1: a technician does not read the customer register', async () => {
  await using database = await openTestDatabase();
  await using register = await openRegister(database.db);
  expect((await register.call('GET', '/customers', { role: 'technician' })).statusCode).toBe(403);
  expect((await register.call('GET', '/customers', { role: 'agent' })).statusCode).toBe(200);
});

test('A5: a caller is known by number however it is written, unless two customers share it', async () => {
  await using database = await openTestDatabase();
  await using register = await openRegister(database.db);
  const hotel = await register.addCustomer({ kind: 'corporate', name: 'Hotel', phone: '021-5555 0000' });
  const shop = await register.addCustomer({ kind: 'corporate', name: 'Shop' });
  const contact = { name: 'Li Wei', phone: '+86 138 0000 0001' };
  await register.call('POST', `/customers/${hotel.id}/contacts`, { body: contact });
  const caller = (phone: string) => findContactByPhone(database.db, phone);

  expect(await caller('13800000001')).toMatchObject({ customerId: hotel.id, name: 'Li Wei' });
  expect(await caller('(021) 55550000')).toMatchObject({ customerId: hotel.id, contactId: null });
  expect(await caller('13800000009')).toBeUndefined();
  expect(await caller('12')).toBeUndefined();

  await register.call('POST', `/customers/${shop.id}/contacts`, { body: contact });
  expect(await caller('13800000001')).toBeUndefined();
});
