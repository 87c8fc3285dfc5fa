import { expect, test } from 'vitest';
import type { Db, Tx } from '#platform/db/db.ts';
import { newId } from '#platform/ids.ts';
import { createAuditList } from '#test/support/audit-list.ts';
import { openTestDatabase } from '#test/support/test-database.ts';
import type { CustomerTables } from '../customers/tables.ts';
import { createUnits, findUnit, lockUnits, unitCard, unitOfDevice } from './index.ts';
import type { UnitTables } from './tables.ts';

const NOW = Date.UTC(2026, 10, 21);

async function addSite(db: Db): Promise<{ siteId: string; customerId: string }> {
  const tables = db.withTables<CustomerTables>();
  const [customerId, siteId, at] = [newId(), newId(), new Date(NOW)];
  await tables
    .insertInto('customer')
    .values({ id: customerId, kind: 'corporate', name: 'Hotel', phone: null, email: null, created_at: at })
    .execute();
  for (const [name, phone] of [
    ['Front desk', null],
    ['Li Wei', '138 0000 0001'],
  ] as const) {
    await tables
      .insertInto('contact')
      .values({ id: newId(), customer_id: customerId, name, phone, email: null, role: null })
      .execute();
  }
  await tables
    .insertInto('site')
    .values({
      id: siteId,
      customer_id: customerId,
      name: 'Tower',
      address: '1 Road',
      zone: 'east',
      time_zone: 'Asia/Shanghai',
      latitude: null,
      longitude: null,
      created_at: at,
    })
    .execute();
  return { siteId, customerId };
}

const DEVICE = { deviceId: 'ac-1', kind: 'ac_unit', model: 'split-generic', atMs: NOW };
const inTx = <T>(db: Db, work: (tx: Tx) => Promise<T>) => db.transaction().execute(work);

test('B4: a device registered without a unit gets one, owned by the customer of its site', async () => {
  await using database = await openTestDatabase();
  const { db } = database;
  const audit = createAuditList();
  const { bindDevice } = createUnits({ audit });
  const { siteId, customerId } = await addSite(db);

  const { unitId } = await inTx(db, (tx) =>
    bindDevice(tx, { ...DEVICE, serial: 'S-1', siteId, unitId: null }),
  );

  expect(await unitOfDevice(db, 'ac-1')).toMatchObject({
    id: unitId,
    number: 'UN-000001',
    serial: 'S-1',
    customerId,
    deviceIds: ['ac-1'],
    status: 'in_service',
  });
  expect(audit.entries.map((entry) => entry.action)).toEqual(['unit.created', 'unit.device_bound']);
});

test('D3: the card of a unit names whom to call, where, and which unit', async () => {
  await using database = await openTestDatabase();
  const { db } = database;
  const { bindDevice } = createUnits({ audit: createAuditList() });
  const { siteId } = await addSite(db);
  const { unitId } = await inTx(db, (tx) =>
    bindDevice(tx, { ...DEVICE, serial: 'S-1', siteId, unitId: null }),
  );

  expect(await unitCard(db, unitId)).toMatchObject({
    unit: { serial: 'S-1', model: 'split-generic' },
    site: { address: '1 Road' },
    customer: { name: 'Hotel' },
    contact: { name: 'Li Wei', phone: '138 0000 0001' },
  });
});

test('B4: a device bound to another unit leaves the first, and the history keeps both', async () => {
  await using database = await openTestDatabase();
  const { db } = database;
  const { bindDevice } = createUnits({ audit: createAuditList() });
  const none = { serial: null, siteId: null };
  const first = await inTx(db, (tx) => bindDevice(tx, { ...DEVICE, ...none, unitId: null }));
  const other = await inTx(db, (tx) =>
    bindDevice(tx, { ...DEVICE, ...none, deviceId: 'ac-2', unitId: null }),
  );

  const move = { ...DEVICE, ...none, unitId: other.unitId, atMs: NOW + 60_000 };
  await inTx(db, (tx) => bindDevice(tx, move));
  await inTx(db, (tx) => bindDevice(tx, { ...move, atMs: NOW + 90_000 }));

  expect((await unitOfDevice(db, 'ac-1'))?.id).toBe(other.unitId);
  expect((await findUnit(db, first.unitId))?.deviceIds).toEqual([]);
  const history = await db
    .withTables<UnitTables>()
    .selectFrom('unit_device')
    .select(['unit_id', 'bound_at', 'unbound_at'])
    .where('device_id', '=', 'ac-1')
    .orderBy('id')
    .execute();
  expect(history).toEqual([
    { unit_id: first.unitId, bound_at: NOW, unbound_at: NOW + 60_000 },
    { unit_id: other.unitId, bound_at: NOW + 60_000, unbound_at: null },
  ]);
});

test.each([
  ['unitId', { unitId: newId(), siteId: null, serial: null }],
  ['siteId', { unitId: null, siteId: newId(), serial: null }],
  ['serial', { unitId: null, siteId: null, serial: 'taken' }],
])('registering a device names the field at fault: %s', async (field, fault) => {
  await using database = await openTestDatabase();
  const { db } = database;
  const { bindDevice } = createUnits({ audit: createAuditList() });
  await inTx(db, (tx) => bindDevice(tx, { ...DEVICE, serial: 'taken', siteId: null, unitId: null }));

  const again = inTx(db, (tx) => bindDevice(tx, { ...DEVICE, deviceId: 'ac-2', ...fault }));

  await expect(again).rejects.toMatchObject({ kind: 'invalid', fields: [{ field }] });
});

test('one device registered twice at once ends bound to one unit', async () => {
  await using database = await openTestDatabase();
  const { db } = database;
  const { bindDevice } = createUnits({ audit: createAuditList() });
  const attempts = await Promise.allSettled(
    [1, 2, 3, 4].map(() =>
      inTx(db, (tx) => bindDevice(tx, { ...DEVICE, serial: null, siteId: null, unitId: null })),
    ),
  );
  expect(attempts.some((attempt) => attempt.status === 'fulfilled')).toBe(true);
  const bound = await db
    .withTables<UnitTables>()
    .selectFrom('unit_device')
    .select('id')
    .where('unbound_at', 'is', null)
    .execute();
  expect(bound).toHaveLength(1);
});

test('units are locked in one order, so that callers with crossed lists wait instead of failing', async () => {
  await using database = await openTestDatabase();
  const { db } = database;
  const { bindDevice } = createUnits({ audit: createAuditList() });
  const ids: string[] = [];
  for (const deviceId of ['ac-1', 'ac-2', 'ac-3']) {
    const unit = await inTx(db, (tx) =>
      bindDevice(tx, { ...DEVICE, deviceId, serial: null, siteId: null, unitId: null }),
    );
    ids.push(unit.unitId);
  }
  const rounds = Array.from({ length: 20 }, (_, round) =>
    inTx(db, (tx) => lockUnits(tx, round % 2 === 0 ? ids : [...ids].reverse())),
  );
  await expect(Promise.all(rounds)).resolves.toHaveLength(20);
});
