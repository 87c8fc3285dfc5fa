import { expect, test } from 'vitest';
import type { DeviceCredentials } from '#contracts/devices.ts';
import { openTestDevices, type TestDevices } from '#test/support/test-devices.ts';

const AC = { id: 'ac-1', kind: 'ac_unit', model: 'split-generic' };
const register = (test: TestDevices, device: object = {}) =>
  test.call('POST', '/devices', { body: { ...AC, ...device } });

const csv = (test: TestDevices, body: string, query = '') =>
  test.call('POST', `/devices/import${query}`, { body, headers: { 'content-type': 'text/csv' } });

const GOOD = [
  'id,kind,model,serial,floor',
  'ac-1,ac_unit,split-generic,SN-1,3',
  'ac-2,ac_unit,vrf-generic,,"4, west"',
];
const BAD = [
  ...GOOD,
  'ac-2,ac_unit,split-generic,,',
  'ac/3,ac_unit,split-generic,,',
  'ac-4,ac_unit,none,SN-1,',
  'ac-5,ac_unit,split-generic,SN-1,',
];

test('a dry run tells each mistake by line and field, and changes nothing', async () => {
  await using test = await openTestDevices();
  const dry = await csv(test, BAD.join('\n'), '?dryRun=true');
  expect(dry.statusCode).toBe(200);
  const { devices, errors } = dry.json<{ devices: number; errors: { line: number; field: string }[] }>();
  expect(devices).toBe(2);
  expect(errors.map(({ line, field }) => `${line} ${field}`)).toEqual([
    '4 id',
    '5 id',
    '6 model',
    '7 serial',
  ]);
  expect((await csv(test, GOOD.join('\n'), '?dryRun=true')).json()).toEqual({ devices: 2, errors: [] });
  expect((await test.call('GET', '/devices')).json().items).toEqual([]);
});

test('an import is all or nothing', async () => {
  await using test = await openTestDevices();
  const bad = await csv(test, BAD.join('\n'));
  expect(bad.statusCode).toBe(422);
  expect(bad.json<{ errors: { field: string }[] }>().errors.map(({ field }) => field)).toEqual([
    'line 4: id',
    'line 5: id',
    'line 6: model',
    'line 7: serial',
  ]);
  expect(test.deps.registry.all()).toEqual([]);

  const good = await csv(test, GOOD.join('\r\n'));
  expect(good.statusCode).toBe(201);
  expect(good.json<{ devices: DeviceCredentials[] }>().devices.map(({ mqtt }) => mqtt?.username)).toEqual([
    'ac-1',
    'ac-2',
  ]);
  expect(test.deps.registry.find('ac-2')?.labels).toEqual({ floor: '4, west' });
  expect((await csv(test, GOOD.join('\n'))).json<{ errors: { field: string }[] }>().errors[0]?.field).toBe(
    'line 2: id',
  );
});

test('a file that is no device list is refused with what is wrong', async () => {
  await using test = await openTestDevices();
  expect((await csv(test, 'id,kind\nac-1,ac_unit')).json()).toMatchObject({
    status: 400,
    code: 'DEVICE_CSV_HEADER',
  });
  expect((await csv(test, 'id,kind,model\nac-1,"ac_unit')).json()).toMatchObject({
    status: 400,
    code: 'DEVICE_CSV_MALFORMED',
  });
  expect((await test.call('POST', '/devices/import', { body: {} })).statusCode).toBeGreaterThanOrEqual(400);
});

test('an export imports again as it was', async () => {
  await using test = await openTestDevices();
  await register(test, { id: 'ac-1', labels: { floor: '3', note: 'a "quoted", word' } });
  await register(test, { id: 'ac-2', model: 'vrf-generic', labels: { room: ' x' } });
  const exported = await test.call('GET', '/devices/export');
  expect(exported.headers['content-type']).toBe('text/csv; charset=utf-8');
  const before = (await test.call('GET', '/devices')).json().items;
  await test.call('DELETE', '/devices/ac-1');
  await test.call('DELETE', '/devices/ac-2');
  expect((await csv(test, exported.body)).statusCode).toBe(201);
  expect((await test.call('GET', '/devices')).json().items).toEqual(before);
});
