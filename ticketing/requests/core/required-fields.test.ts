import { describe, expect, test } from 'vitest';
import { REQUEST_TYPES } from '#contracts/service-requests.ts';
import { missingFields, REQUIRED_FIELDS, type RequestValues } from './required-fields.ts';

const COMPLETE: RequestValues = {
  customerName: 'Harbour Hotel',
  'contact.name': 'Li',
  'contact.phone': '13800000001',
  symptom: 'warm air',
  model: 'split-generic',
  serial: 'SN-1',
  quantity: 1,
  place: '1 Harbour Road',
  occurredAt: 1,
  expectedAt: 2,
};

describe.each(REQUEST_TYPES)('A3: a %s request', (type) => {
  test('with every field is complete', () => {
    expect(missingFields(type, COMPLETE)).toEqual([]);
  });

  test.each([...REQUIRED_FIELDS[type]])('without %s is not', (field) => {
    expect(missingFields(type, { ...COMPLETE, [field]: null })).toEqual([field]);
    expect(missingFields(type, { ...COMPLETE, [field]: '  ' })).toEqual([field]);
  });
});
