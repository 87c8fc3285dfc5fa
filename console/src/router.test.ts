import { expect, test } from 'vitest';
import { detailPath, placeOf, tabPath, unitPath } from './router.ts';

const ID = '019e0000-0000-7000-8000-000000000001';

test('every list has an address and every address its list', () => {
  for (const tab of ['units', 'alarms', 'tickets', 'work-orders'] as const) {
    expect(placeOf(tabPath(tab), '')).toMatchObject({ page: 'home', tab });
  }
});

test('a unit is found whatever its device id holds', () => {
  for (const deviceId of ['ac-1', 'site=1|ac.2', 'a@b:*_']) {
    expect(placeOf(unitPath(deviceId), '')).toMatchObject({ page: 'unit', deviceId });
  }
});

test('a ticket or an order opens over the page one is on', () => {
  expect(detailPath('/alarms', { kind: 'ticket', id: ID })).toBe(`/alarms?ticket=${ID}`);
  expect(placeOf('/alarms', `?order=${ID}`).detail).toEqual({ kind: 'order', id: ID });
  expect(placeOf('/alarms', '?order=../../x').detail).toBeNull();
});

test('an address that names nothing is told so', () => {
  for (const path of ['/nowhere', '/units/a/b', '/tickets/x', '/units/%E0%A4%A']) {
    expect(placeOf(path, '').page, path).toBe('unknown');
  }
});
