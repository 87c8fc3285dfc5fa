import type { Conversion } from './units.ts';

/** How values of a measurand are kept. `phases` says what becomes of values told a phase and no total. */
export interface Measurand {
  readonly metric: string;
  /** Wire unit → canonical unit; the first is the default. */
  readonly units: Readonly<Record<string, Conversion>>;
  readonly phases: 'none' | 'sum' | 'greatest' | 'apart';
}

const times = (scale: number): Conversion => ({ scale, offset: 0 });
const SAME = times(1);

const POWER = { W: SAME, kW: times(1_000) };
const CURRENT = { A: SAME, mA: times(0.001) };
const VOLTAGE = { V: SAME, kV: times(1_000) };
const ENERGY = { Wh: times(0.001), kWh: SAME };
const PERCENT = { Percent: SAME, '%': SAME };
const TEMPERATURE = {
  Celsius: SAME,
  Celcius: SAME,
  Fahrenheit: { scale: 5 / 9, offset: -160 / 9 },
  K: { scale: 1, offset: -273.15 },
};
const ANY = {};

/** Measurands (OCPP 1.6, 7.31) and the metric of each; temperatures go by place. */
export const MEASURANDS: ReadonlyMap<string, Measurand> = new Map([
  ['Power.Active.Import', { metric: 'power', units: POWER, phases: 'sum' }],
  ['Power.Offered', { metric: 'power_offered', units: POWER, phases: 'none' }],
  ['Power.Factor', { metric: 'power_factor', units: ANY, phases: 'none' }],
  ['Energy.Active.Import.Register', { metric: 'energy', units: ENERGY, phases: 'sum' }],
  ['Current.Import', { metric: 'current', units: CURRENT, phases: 'greatest' }],
  ['Current.Offered', { metric: 'current_offered', units: CURRENT, phases: 'none' }],
  ['Voltage', { metric: 'voltage', units: VOLTAGE, phases: 'apart' }],
  ['Frequency', { metric: 'frequency', units: ANY, phases: 'none' }],
  ['SoC', { metric: 'soc', units: PERCENT, phases: 'none' }],
  ['RPM', { metric: 'fan_rpm', units: ANY, phases: 'none' }],
  ['Temperature', { metric: 'internal_temp', units: TEMPERATURE, phases: 'none' }],
]);

const TEMPERATURES: ReadonlyMap<string, string> = new Map([
  ['', 'internal_temp'],
  ['Body', 'internal_temp'],
  ['Outlet', 'connector_temp'],
  ['Cable', 'connector_temp'],
  ['Inlet', 'ambient_temp'],
]);

/** The metric that a temperature of that place is, or undefined. */
export function temperatureAt(location: string): string | undefined {
  return TEMPERATURES.get(location);
}
