import { expect, test } from 'vitest';
import { AC_CODE_MAPS } from './ac-fault-codes.ts';
import { DEVICE_MODELS, familyOfCode, findDeviceModel } from './device-models.ts';
import { STATE_CODE } from './fault-code-map.ts';
import { FAULT_FAMILIES, unmappedFamily } from './faults.ts';
import { PILE_CODE_MAPS } from './pile-fault-codes.ts';

const MAPS = [...Object.values(AC_CODE_MAPS), ...Object.values(PILE_CODE_MAPS)];
const meaning = (modelId: string, code: string): string | undefined => {
  const model = findDeviceModel(modelId);
  return model === undefined ? undefined : familyOfCode(model, code);
};

test('every code of every map means a known family or a state, and every map names its source', () => {
  for (const { vendor, series, sources, codes } of MAPS) {
    expect(sources, `${vendor} ${series}`).not.toEqual([]);
    for (const [code, family] of Object.entries(codes)) {
      expect(code).toMatch(/^[A-Za-z0-9]+$/);
      if (family !== STATE_CODE) expect(FAULT_FAMILIES.has(family), `${vendor} ${code} ${family}`).toBe(true);
    }
  }
});

test('each vendor and series has one map, and every map belongs to a model', () => {
  expect(new Set(MAPS.map(({ vendor, series }) => `${vendor} ${series}`)).size).toBe(MAPS.length);
  const used = new Set(DEVICE_MODELS.flatMap(({ codeMaps }) => codeMaps));
  expect([...used].sort()).toEqual([...MAPS].sort());
  for (const { codeMaps, faultCodes } of DEVICE_MODELS) {
    const codes = codeMaps.flatMap((map) => Object.keys(map.codes));
    expect(Object.keys(faultCodes).sort()).toEqual(codes.sort());
  }
});

test('the same code means different things on different series', () => {
  expect(meaning('gree-split', 'E1')).toBe('high_pressure');
  expect(meaning('midea-split', 'E1')).toBe('communication');
  expect(meaning('haier-split', 'E1')).toBe('indoor_sensor');
  expect(meaning('daikin-split', 'E1')).toBe('controller');
  expect(meaning('gree-split', 'F0')).toBe('refrigerant_shortage');
  expect(meaning('gree-u-match', 'F0')).toBe('indoor_sensor');
  expect(meaning('gree-split', 'P0')).toBe(STATE_CODE);
  expect(meaning('midea-split', 'P0')).toBe('power_module');
});

test('states that look like codes are states', () => {
  for (const code of ['H1', 'P0', 'P1', 'P2', 'P3']) expect(meaning('gree-split', code)).toBe(STATE_CODE);
  expect(meaning('gree-gmv', 'A3')).toBe(STATE_CODE);
  expect(meaning('midea-split', 'dF')).toBe(STATE_CODE);
  expect(meaning('daikin-split', 'U3')).toBe(STATE_CODE);
  expect(meaning('haier-split', 'CL')).toBe(STATE_CODE);
  expect(meaning('dc-pile-generic', 'NoError')).toBe(STATE_CODE);
});

const OCPP_16_ERRORS = [
  'ConnectorLockFailure',
  'EVCommunicationError',
  'GroundFailure',
  'HighTemperature',
  'InternalError',
  'LocalListConflict',
  'NoError',
  'OtherError',
  'OverCurrentFailure',
  'OverVoltage',
  'PowerMeterFailure',
  'PowerSwitchFailure',
  'ReaderFailure',
  'ResetFailure',
  'UnderVoltage',
  'WeakSignal',
];

test('piles understand every error code of OCPP 1.6, the ChargeX codes CX001 to CX026, and Faulted', () => {
  const chargex = Array.from({ length: 26 }, (_, i) => `CX${String(i + 1).padStart(3, '0')}`);
  for (const id of ['ac-pile-generic', 'dc-pile-generic']) {
    const codes = Object.keys(findDeviceModel(id)?.faultCodes ?? {});
    expect(codes.sort()).toEqual([...OCPP_16_ERRORS, 'Faulted', ...chargex].sort());
    expect(meaning(id, 'Faulted')).toBe('pile_faulted');
  }
});

test('a code that no map knows is a family of its own, also when it is spelled like a property of objects', () => {
  for (const code of ['ZZ', 'constructor', '__proto__', 'toString']) {
    expect(meaning('gree-split', code)).toBe(unmappedFamily(code));
  }
});
