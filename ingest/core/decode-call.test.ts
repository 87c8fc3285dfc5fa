import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CONNECTOR_STATUSES, METRICS } from '#contracts/metrics.ts';
import { ocppTimeMs } from '#contracts/ocpp.ts';
import type { DeviceRef } from '#contracts/point-batch.ts';
import type { CallFacts, CallSource } from './call-facts.ts';
import { createComponentBook } from './components.ts';
import { decodeCall } from './decode-call.ts';

const NOW = Date.UTC(2026, 10, 22, 10);
const AT = '2026-11-22T09:59:00Z';
const AT_MS = NOW - 60_000;
const pile: DeviceRef = {
  id: 'pile-1',
  index: 0,
  kind: 'charging_pile',
  model: 'dc-pile-generic',
  unitId: 'u',
  siteId: null,
  labels: {},
};

function call(action: string, payload: object, answered: CallSource['answered'] = {}): CallFacts {
  const source = { device: pile, receivedAtMs: NOW, oldestMs: NOW - 30 * 86_400_000, answered };
  return decodeCall(
    { action, payload: payload as Record<string, unknown> },
    { ...source, allowsComponent: createComponentBook().allows },
  );
}

function valuesOf({ points }: CallFacts): Record<string, number>[] {
  return points.map(({ values }) =>
    Object.fromEntries([...values].map(([metric, value]) => [METRICS.charging_pile[metric]?.name, value])),
  );
}

const meter = (...samples: object[]): CallFacts =>
  call('MeterValues', { connectorId: 1, meterValue: [{ timestamp: AT, sampledValue: samples }] });

describe('StatusNotification', () => {
  const status = (changes: object): CallFacts =>
    call('StatusNotification', {
      connectorId: 1,
      status: 'Available',
      errorCode: 'NoError',
      timestamp: AT,
      ...changes,
    });

  test('a status is a point, an event and the state of its connector', () => {
    const facts = status({ status: 'SuspendedEVSE' });
    expect(facts.points).toMatchObject([{ component: 'connector-1', observedAtMs: AT_MS }]);
    expect(valuesOf(facts)).toEqual([{ status: CONNECTOR_STATUSES.indexOf('suspended_evse') }]);
    expect(facts.events).toMatchObject([{ type: 'status', state: 'suspended_evse', observedAtMs: AT_MS }]);
    expect(facts.charging).toEqual([
      { type: 'status', component: 'connector-1', status: 'suspended_evse', errorCode: null, atMs: AT_MS },
    ]);
    expect(status({ connectorId: 0 }).points).toMatchObject([{ component: '' }]);
  });

  test('no error while not faulted ends all codes of the connector, whatever the vendor adds', () => {
    const list = [{ type: 'fault_list', component: 'connector-1', codes: [], observedAtMs: AT_MS }];
    expect(status({}).faults).toEqual(list);
    expect(status({ vendorErrorCode: 'CX017' }).faults).toEqual(list);
  });

  test.each([
    ['of the enum', { errorCode: 'GroundFailure' }, 'GroundFailure'],
    [
      'of the enum beside a code of the vendor',
      { errorCode: 'GroundFailure', vendorErrorCode: 'x' },
      'GroundFailure',
    ],
    ['that says ask the vendor', { errorCode: 'OtherError', vendorErrorCode: 'CX017' }, 'CX017'],
    ['that is internal', { errorCode: 'InternalError', vendorErrorCode: ' 0x1F ' }, 'InternalError'],
    ['that is internal and explained', { errorCode: 'InternalError', vendorErrorCode: 'CX017' }, 'CX017'],
    ['of the vendor alone', { errorCode: 'OtherError', vendorErrorCode: ' 0x1F ' }, '0x1F'],
    [
      'that is dangerous, whatever harmless code the vendor adds',
      { errorCode: 'GroundFailure', vendorErrorCode: 'ReaderFailure' },
      'GroundFailure',
    ],
    [
      'that is dangerous beside a vendor who says it is a state',
      { errorCode: 'GroundFailure', vendorErrorCode: 'NoError' },
      'GroundFailure',
    ],
    ['that is dangerous and named closer', { errorCode: 'GroundFailure', vendorErrorCode: 'CX002' }, 'CX002'],
    [
      'that says ask the vendor, who is silent',
      { errorCode: 'OtherError', vendorErrorCode: '' },
      'OtherError',
    ],
    ['outside the enum', { errorCode: 'Error' }, 'Error'],
    ['missing while faulted', { status: 'Faulted' }, 'Faulted'],
    [
      'named like a property of every object',
      { errorCode: 'HighTemperature', vendorErrorCode: 'constructor' },
      'HighTemperature',
    ],
  ])('a code %s is raised as it is known', (_, changes, code) => {
    const facts = status({ status: 'Faulted', info: 'see log', vendorId: 'acme', ...changes });
    expect(facts.faults).toMatchObject([{ type: 'fault', component: 'connector-1', code, state: 'raised' }]);
    expect(facts.faults[0]).toMatchObject({ detail: expect.stringMatching(/vendorId=acme.*info=see log/) });
    expect(facts.events).toMatchObject([
      { type: 'status' },
      { type: 'fault', code, detail: { info: 'see log' } },
    ]);
    expect(facts.charging).toMatchObject([{ errorCode: code }]);
  });

  test('an error while not faulted is raised, and a fault without a cause ends', () => {
    expect(status({ status: 'Charging', errorCode: 'WeakSignal' }).faults).toMatchObject([
      { code: 'WeakSignal', state: 'raised' },
      { code: 'Faulted', state: 'cleared' },
    ]);
  });

  test('a status that nobody knows is a bad value: the error beside it counts, none ends', () => {
    const facts = status({ status: 'Broken', errorCode: 'ReaderFailure' });
    expect(facts).toMatchObject({ points: [], badValues: 1, problem: { field: 'status' } });
    expect(facts.faults).toMatchObject([{ code: 'ReaderFailure', state: 'raised' }]);
    expect(status({ status: 'Broken' }).faults).toEqual([]);
  });

  test('without a time, or with one beyond all bounds, it is of now', () => {
    expect(status({ timestamp: undefined }).points).toMatchObject([{ observedAtMs: NOW }]);
    expect(status({ timestamp: '1970-01-01T00:00:00Z' })).toMatchObject({
      ownMs: null,
      points: [{ observedAtMs: NOW }],
    });
    expect(status({ timestamp: 'noon' })).toMatchObject({ badValues: 1, points: [{ observedAtMs: NOW }] });
  });
});

describe('MeterValues', () => {
  test.each([
    ['kilowatts', { value: '7.2', measurand: 'Power.Active.Import', unit: 'kW' }, { power: 7_200 }],
    ['energy without a name', { value: '1500' }, { energy: 1.5 }],
    [
      'energy in kWh',
      { value: '1.5', measurand: 'Energy.Active.Import.Register', unit: 'kWh' },
      { energy: 1.5 },
    ],
    ['a number for a text', { value: 16, measurand: 'Current.Import' }, { current: 16 }],
    [
      'Fahrenheit',
      { value: '122', measurand: 'Temperature', unit: 'Fahrenheit', location: 'Outlet' },
      { connector_temp: 50 },
    ],
    ['kelvin', { value: '300.15', measurand: 'Temperature', unit: 'K' }, { internal_temp: 27 }],
    [
      'a cable',
      { value: '40', measurand: 'Temperature', unit: 'Celcius', location: 'Cable' },
      { connector_temp: 40 },
    ],
    ['the body', { value: '40', measurand: 'Temperature', location: 'Body' }, { internal_temp: 40 }],
    ['the inlet', { value: '20', measurand: 'Temperature', location: 'Inlet' }, { ambient_temp: 20 }],
    ['what is offered', { value: '32', measurand: 'Current.Offered', unit: 'A' }, { current_offered: 32 }],
    ['power offered', { value: '22', measurand: 'Power.Offered', unit: 'kW' }, { power_offered: 22_000 }],
    ['a power factor', { value: '0.98', measurand: 'Power.Factor' }, { power_factor: 0.98 }],
    ['a frequency', { value: '50.01', measurand: 'Frequency', unit: 'Hz' }, { frequency: 50.01 }],
    ['a state of charge', { value: '17', measurand: 'SoC', unit: 'Percent', location: 'EV' }, { soc: 17 }],
    ['a fan', { value: '1200', measurand: 'RPM' }, { fan_rpm: 1_200 }],
    ['a phase', { value: '230', measurand: 'Voltage', phase: 'L2-N' }, { voltage_l2: 230 }],
  ])('%s becomes its metric in its unit', (_, sample, values) => {
    const [got = {}] = valuesOf(meter(sample));
    expect(Object.keys(got)).toEqual(Object.keys(values));
    for (const [name, value] of Object.entries(values)) expect(got[name]).toBeCloseTo(value ?? 0, 9);
  });

  test('of phases without a total the load is the sum and the current the greatest', () => {
    const lines = (measurand: string, ...values: string[]) =>
      values.map((value, at) => ({ value, measurand, phase: `L${at + 1}` }));
    const current = lines('Current.Import', '10', '14', '12');
    const power = lines('Power.Active.Import', '2300', '3220', '2760');
    expect(valuesOf(meter(...current, ...power))).toEqual([
      { current_l1: 10, current_l2: 14, current_l3: 12, current: 14, power: 8_280 },
    ]);
    const total = { value: '13', measurand: 'Current.Import' };
    expect(valuesOf(meter(...current, total))).toMatchObject([{ current: 13, current_l2: 14 }]);
  });

  test("what is measured at the grid's side gives way to the vehicle's side", () => {
    const at = (location: string, value: string) => ({ value, measurand: 'Voltage', location });
    expect(valuesOf(meter(at('Outlet', '400'), at('Inlet', '230')))).toEqual([{ voltage: 400 }]);
    expect(valuesOf(meter(at('Inlet', '230')))).toEqual([{ voltage: 230 }]);
  });

  test('the rise of a connector over its surroundings is told by the current squared', () => {
    const temperature = (value: string, location: string) => ({ value, measurand: 'Temperature', location });
    const current = (value: string) => ({ value, measurand: 'Current.Import' });
    const outlet = temperature('60', 'Outlet');
    const [hot] = valuesOf(
      meter(current('32'), outlet, temperature('30', 'Inlet'), temperature('50', 'Body')),
    );
    expect(hot?.connector_rise).toBeCloseTo(29.296_875, 9);
    expect(valuesOf(meter(current('10'), outlet, temperature('50', 'Body')))).toMatchObject([
      { connector_rise: 100 },
      { internal_temp: 50 },
    ]);
    for (const few of [
      [current('4.9'), outlet, temperature('30', 'Inlet')],
      [current('32'), outlet],
      [outlet, temperature('30', 'Inlet')],
      [current('32'), temperature('20', 'Outlet'), temperature('30', 'Inlet')],
    ]) {
      expect(valuesOf(meter(...few))[0]).not.toHaveProperty('connector_rise');
    }
  });

  test('how hot it is inside and how the fan turns is of the whole pile, whichever connector tells it', () => {
    const body = { value: '82', measurand: 'Temperature', location: 'Body' };
    const fan = { value: '0', measurand: 'RPM' };
    const facts = meter({ value: '7000', measurand: 'Power.Active.Import' }, body, fan);
    expect(facts.points.map(({ component }) => component)).toEqual(['connector-1', '']);
    expect(valuesOf(facts)).toEqual([{ power: 7_000 }, { internal_temp: 82, fan_rpm: 0 }]);
  });

  test.each([
    ['signed data', { value: '0A1B', format: 'SignedData' }, 'INGEST_VALUE_TYPE'],
    ['no number', { value: '12,5', measurand: 'Voltage' }, 'INGEST_VALUE_TYPE'],
    ['nothing', { value: '', measurand: 'Voltage' }, 'INGEST_VALUE_TYPE'],
    ['a unit of something else', { value: '1', measurand: 'Voltage', unit: 'Wh' }, 'INGEST_UNIT_UNKNOWN'],
    [
      'a unit named like a property',
      { value: '1', measurand: 'Voltage', unit: 'toString' },
      'INGEST_UNIT_UNKNOWN',
    ],
    ['what no meter reads', { value: '1e9', measurand: 'Current.Import' }, 'INGEST_VALUE_RANGE'],
  ])('%s is a bad value; the others are kept', (_, sample, code) => {
    const facts = meter(sample, { value: '50', measurand: 'Frequency' });
    expect(facts).toMatchObject({ badValues: 1, problem: { code } });
    expect(valuesOf(facts)).toEqual([{ frequency: 50 }]);
  });

  test('measurands that have no metric are told by name', () => {
    const facts = meter(
      { value: '1', measurand: 'Energy.Reactive.Import.Interval' },
      { value: '1', measurand: 'Temperature', location: 'EV' },
      { value: '1', measurand: 'Voltage', phase: 'L1-L2' },
    );
    expect(facts.unknownMetrics).toEqual([
      'Energy.Reactive.Import.Interval',
      'Temperature.EV',
      'Voltage.L1-L2',
    ]);
    expect(facts).toMatchObject({ points: [], badValues: 0, problem: { code: 'INGEST_METRIC_UNKNOWN' } });
  });

  test('each instant is a point; one without a plausible time is a bad value', () => {
    const sampledValue = [{ value: '1000' }];
    const facts = call('MeterValues', {
      connectorId: 2,
      meterValue: [
        { timestamp: '2026-11-22 08:00:00', sampledValue },
        { timestamp: '2026-11-22T16:30:00+08:00', sampledValue },
        { timestamp: '2036-11-22T08:00:00Z', sampledValue },
        { timestamp: 'soon', sampledValue },
        { sampledValue },
        { timestamp: AT },
      ],
    });
    expect(facts.points.map(({ component, observedAtMs }) => [component, observedAtMs])).toEqual([
      ['connector-2', Date.UTC(2026, 10, 22, 8)],
      ['connector-2', Date.UTC(2026, 10, 22, 8, 30)],
    ]);
    expect(facts).toMatchObject({ badValues: 4, problem: { code: 'INGEST_CLOCK_AHEAD' } });
    expect(facts.ownMs).toBe(Date.UTC(2026, 10, 22, 8, 30));
  });
});

describe('transactions', () => {
  test('a session begins and ends under the id that was answered; who charges is not kept', () => {
    const start = { connectorId: 1, idTag: 'SECRET', meterStart: 1_000, timestamp: AT };
    const started = call('StartTransaction', start, { transactionId: 7 });
    expect(started.charging).toEqual([
      { type: 'started', component: 'connector-1', transactionId: 7, atMs: AT_MS, meterWh: 1_000 },
    ]);
    const stop = { transactionId: 7, idTag: 'SECRET', meterStop: 3_000, timestamp: AT, reason: 'Remote' };
    const stopped = call('StopTransaction', stop, { connectorId: 1 });
    expect(stopped.charging).toEqual([
      {
        type: 'stopped',
        component: 'connector-1',
        transactionId: 7,
        atMs: AT_MS,
        meterWh: 3_000,
        reason: 'Remote',
      },
    ]);
    expect(JSON.stringify([started, stopped])).not.toContain('SECRET');
  });

  test('transactionData are points of the connector, or bad values where nobody knows which', () => {
    const transactionData = [{ timestamp: AT, sampledValue: [{ value: '2500' }] }];
    const stop = { transactionId: 7, meterStop: 3_000, timestamp: AT, transactionData };
    expect(call('StopTransaction', stop, { connectorId: 2 }).points).toMatchObject([
      { component: 'connector-2', observedAtMs: AT_MS },
    ]);
    const unknown = call('StopTransaction', stop);
    expect(unknown).toMatchObject({
      points: [],
      badValues: 1,
      charging: [{ component: '', reason: 'Local' }],
    });
    expect(unknown.problem?.code).toBe('INGEST_TRANSACTION_UNKNOWN');
  });
});

test('a boot, a firmware update, an upload and vendor data are events without personal data', () => {
  const boot = call('BootNotification', {
    chargePointVendor: 'ABB',
    chargePointModel: 'T53',
    iccid: '8986',
    imsi: '460',
  });
  expect(boot.events).toMatchObject([
    { type: 'boot', detail: { vendor: 'ABB', model: 'T53', firmware: null } },
  ]);
  expect(JSON.stringify(boot)).not.toMatch(/8986|460/);
  expect(call('FirmwareStatusNotification', { status: 'Installing' }).events).toMatchObject([
    { type: 'firmware', state: 'Installing' },
  ]);
  expect(call('DiagnosticsStatusNotification', { status: 'Uploaded' }).events).toMatchObject([
    { type: 'diagnostics', state: 'Uploaded' },
  ]);
  expect(call('DataTransfer', { vendorId: 'acme', messageId: 'm', data: 'x' }).events).toMatchObject([
    { type: 'vendor', state: 'm', detail: { vendorId: 'acme', data: 'x' } },
  ]);
});

test.each([
  ['StatusNotification', { connectorId: -5, errorCode: 'NoError', status: 'Available' }, 'connectorId'],
  ['StatusNotification', { connectorId: 1, status: 'Available' }, 'errorCode'],
  ['MeterValues', { connectorId: 1.5, meterValue: [] }, 'connectorId'],
  ['MeterValues', { connectorId: 1 }, 'meterValue'],
  ['StartTransaction', { connectorId: 1, meterStart: 0 }, 'transactionId'],
  ['StopTransaction', { transactionId: 'x' }, 'transactionId'],
  ['FirmwareStatusNotification', {}, 'status'],
  ['GetDiagnostics', {}, 'GetDiagnostics'],
])('%s that cannot be read keeps nothing and names the field', (action, payload, field) => {
  const facts = call(action, payload);
  expect(facts.problem).toMatchObject({ field });
  expect([...facts.points, ...facts.faults, ...facts.events, ...facts.charging]).toEqual([]);
});

test.each([
  ['2026-11-22T10:00:00Z', NOW],
  ['2026-11-22T10:00:00.5Z', NOW + 500],
  ['2026-11-22 10:00:00', NOW],
  ['2026-11-22T10:00', NOW],
  ['2026-11-22T18:00:00+08:00', NOW],
  ['2026-11-22T18:00:00+0800', NOW],
  ['2026-13-22T18:00:00Z', Number.NaN],
  ['22.11.2026 10:00', Number.NaN],
  [1_790_000_000_000, Number.NaN],
])('%s is read as a time', (text, ms) => {
  expect(ocppTimeMs(text)).toBe(ms);
});

test('whatever a station sends, decoding ends, and each value kept is in range and dated within bounds', () => {
  const action = fc.constantFrom(
    'StatusNotification',
    'MeterValues',
    'StartTransaction',
    'StopTransaction',
    'BootNotification',
    'DataTransfer',
  );
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom(
      'Power.Active.Import',
      'Temperature',
      'Outlet',
      'L1',
      'kW',
      'Faulted',
      'NoError',
      AT,
      '12',
      '1e300',
    ),
  );
  const leaf = fc.oneof(text, fc.double(), fc.integer({ min: -2, max: 5 }), fc.constant(null));
  const name = fc.constantFrom('value', 'measurand', 'unit', 'phase', 'location', 'format');
  const meterValue = fc.record({
    timestamp: leaf,
    sampledValue: fc.oneof(fc.array(fc.dictionary(name, leaf)), leaf),
  });
  const payload = fc.record(
    {
      connectorId: leaf,
      errorCode: leaf,
      status: leaf,
      vendorErrorCode: leaf,
      timestamp: leaf,
      transactionId: leaf,
      meterStart: leaf,
      meterStop: leaf,
      meterValue: fc.oneof(fc.array(meterValue), leaf),
      transactionData: fc.oneof(fc.array(meterValue), leaf),
      data: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(action, payload, (named, sent) => {
      const facts = call(named, sent, { transactionId: 1, connectorId: 1 });
      for (const { values, observedAtMs } of facts.points) {
        expect(observedAtMs).toBeLessThanOrEqual(NOW + 60_000);
        for (const [metric, value] of values) {
          const { min, max } = METRICS.charging_pile[metric] ?? { min: Number.NaN, max: Number.NaN };
          expect(value).toBeGreaterThanOrEqual(min);
          expect(value).toBeLessThanOrEqual(max);
        }
      }
    }),
    { numRuns: 500 },
  );
});
