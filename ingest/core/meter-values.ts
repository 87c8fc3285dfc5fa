import { findMetric, metricIndex } from '#contracts/metrics.ts';
import { ocppTimeMs } from '#contracts/ocpp.ts';
import {
  type CallDecoder,
  type CallFacts,
  type CallSource,
  componentOf,
  type Fields,
  noteBad,
  textOf,
} from './call-facts.ts';
import { MEASURANDS, type Measurand, temperatureAt } from './measurands.ts';
import { MAX_AHEAD_MS } from './observed-at.ts';

const KIND = 'charging_pile';
const DEFAULT_MEASURAND = 'Energy.Active.Import.Register';
const MAX_METER_VALUES = 1_000;
const MAX_UNKNOWN = 32;
const PHASE = /^(L[123])(-N)?$/;
/** Below this current, heat says nothing of the contact. */
const MIN_RISE_CURRENT_A = 5;

/** Values of one instant, by metric name, with those of single phases until their total is known. */
interface Sampled {
  readonly values: Map<string, number>;
  readonly phases: Map<string, number[]>;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function noteUnknown(facts: CallFacts, name: string): void {
  facts.problem ??= { code: 'INGEST_METRIC_UNKNOWN', field: name };
  if (facts.unknownMetrics.length < MAX_UNKNOWN) facts.unknownMetrics.push(name);
}

/** The number in the canonical unit, or null with the problem noted. */
function amountOf(facts: CallFacts, sample: Fields, { units, metric }: Measurand): number | null {
  const { value, format } = sample;
  const raw = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (format === 'SignedData' || typeof raw !== 'number' || !Number.isFinite(raw)) {
    noteBad(facts, 'INGEST_VALUE_TYPE', metric);
    return null;
  }
  const unit = textOf(sample, 'unit', 64);
  const [first] = Object.values(units);
  if (first === undefined) return raw;
  const conversion = unit === null ? first : Object.hasOwn(units, unit) ? units[unit] : undefined;
  if (conversion !== undefined) return raw * conversion.scale + conversion.offset;
  noteBad(facts, 'INGEST_UNIT_UNKNOWN', metric);
  return null;
}

function isInRange(facts: CallFacts, name: string, value: number): boolean {
  const metric = findMetric(KIND, name);
  const isWithin = metric !== undefined && value >= metric.min && value <= metric.max;
  if (!isWithin) noteBad(facts, 'INGEST_VALUE_RANGE', name);
  return isWithin;
}

const measurandOf = (sample: Fields): string => textOf(sample, 'measurand', 64) ?? DEFAULT_MEASURAND;
const isAtGrid = (sample: Fields): boolean =>
  sample.location === 'Inlet' && sample.measurand !== 'Temperature';

function addSample(facts: CallFacts, sampled: Sampled, sample: Fields): void {
  const measurand = measurandOf(sample);
  const location = textOf(sample, 'location', 64) ?? '';
  const known = MEASURANDS.get(measurand);
  const name = measurand === 'Temperature' ? temperatureAt(location) : known?.metric;
  if (known === undefined || name === undefined) {
    noteUnknown(facts, location === '' ? measurand : `${measurand}.${location}`);
    return;
  }
  const phase = textOf(sample, 'phase', 64);
  const [, line] = (phase === null ? null : PHASE.exec(phase)) ?? [];
  if (phase !== null && (line === undefined || known.phases === 'none')) {
    noteUnknown(facts, `${measurand}.${phase}`);
    return;
  }
  const value = amountOf(facts, sample, known);
  if (value === null || !isInRange(facts, name, value)) return;
  if (line === undefined) sampled.values.set(name, value);
  else addPhase(sampled, known, { line, value });
}

function addPhase(
  { values, phases }: Sampled,
  { metric, phases: fate }: Measurand,
  { line, value }: { readonly line: string; readonly value: number },
): void {
  if (fate !== 'sum') values.set(`${metric}_${line.toLowerCase()}`, value);
  if (fate === 'apart') return;
  const lines = phases.get(metric) ?? [];
  lines.push(value);
  phases.set(metric, lines);
}

/** What is told a phase only: the load of all is their sum, the current that heats is the greatest. */
function addTotals(facts: CallFacts, { values, phases }: Sampled): void {
  for (const [name, lines] of phases) {
    if (values.has(name)) continue;
    const total = name === 'current' ? Math.max(...lines) : lines.reduce((sum, each) => sum + each, 0);
    if (isInRange(facts, name, total)) values.set(name, total);
  }
}

/** How much warmer than its surroundings the connector is, for the current squared that heats it. */
function addRise({ values }: Sampled): void {
  const current = values.get('current') ?? 0;
  const connector = values.get('connector_temp');
  const around = values.get('ambient_temp') ?? values.get('internal_temp');
  if (current < MIN_RISE_CURRENT_A || connector === undefined || around === undefined) return;
  const rise = (1_000 * (connector - around)) / current ** 2;
  if (rise >= 0 && rise <= (findMetric(KIND, 'connector_rise')?.max ?? 0)) values.set('connector_rise', rise);
}

/** Whichever connector tells them, these are of the cabinet: one hot pile is one fault. */
const OF_STATION: ReadonlySet<string> = new Set(['internal_temp', 'fan_rpm']);

function addPoints(
  facts: CallFacts,
  { values }: Sampled,
  at: { component: string; observedAtMs: number },
): void {
  const own = new Map<number, number>();
  const ofStation = new Map<number, number>();
  for (const [name, value] of values) {
    const metric = metricIndex(KIND, name);
    if (metric !== undefined) (OF_STATION.has(name) ? ofStation : own).set(metric, value);
  }
  if (own.size > 0) facts.points.push({ ...at, values: own });
  if (ofStation.size > 0) facts.points.push({ ...at, component: '', values: ofStation });
}

/** When the values were taken, or null with the problem noted. */
function takenAt(facts: CallFacts, meterValue: Fields, source: CallSource): number | null {
  const ownMs = ocppTimeMs(meterValue.timestamp);
  if (Number.isNaN(ownMs)) noteBad(facts, 'INGEST_VALUE_TYPE', 'timestamp');
  else if (ownMs > source.receivedAtMs + MAX_AHEAD_MS) noteBad(facts, 'INGEST_CLOCK_AHEAD', 'timestamp');
  else if (ownMs < source.oldestMs) noteBad(facts, 'INGEST_CLOCK_BEHIND', 'timestamp');
  else {
    facts.ownMs = Math.max(facts.ownMs ?? 0, ownMs);
    return ownMs;
  }
  return null;
}

function addMeterValue(
  facts: CallFacts,
  { component, meterValue }: { component: string; meterValue: unknown },
  source: CallSource,
): void {
  if (!isFields(meterValue) || !Array.isArray(meterValue.sampledValue)) {
    noteBad(facts, 'INGEST_SHAPE_INVALID', 'meterValue');
    return;
  }
  const observedAtMs = takenAt(facts, meterValue, source);
  if (observedAtMs === null) return;
  const sampled: Sampled = { values: new Map(), phases: new Map() };
  const samples = meterValue.sampledValue.filter(isFields);
  if (samples.length < meterValue.sampledValue.length) noteBad(facts, 'INGEST_SHAPE_INVALID', 'sampledValue');
  const atVehicle = new Set(samples.filter((sample) => !isAtGrid(sample)).map(measurandOf));
  for (const sample of samples) {
    if (!isAtGrid(sample) || !atVehicle.has(measurandOf(sample))) addSample(facts, sampled, sample);
  }
  addTotals(facts, sampled);
  addRise(sampled);
  addPoints(facts, sampled, { component, observedAtMs });
}

/** Adds a point for each instant of a list of meter values; what was measured at the grid's side gives way. */
export function addMeterValues(
  facts: CallFacts,
  { component, meterValues }: { component: string; meterValues: readonly unknown[] },
  source: CallSource,
): void {
  if (meterValues.length > MAX_METER_VALUES) {
    noteBad(facts, 'INGEST_TOO_MANY_POINTS', '');
    return;
  }
  for (const meterValue of meterValues) addMeterValue(facts, { component, meterValue }, source);
}

/** What was measured at a connector, or at the station's own meter as connector 0 (OCPP 1.6, 4.7 and 7.33). */
export const meterValues: CallDecoder = (facts, payload, source) => {
  const component = componentOf(facts, payload.connectorId, source);
  if (component === null) return;
  if (Array.isArray(payload.meterValue)) {
    addMeterValues(facts, { component, meterValues: payload.meterValue }, source);
  } else {
    noteBad(facts, 'INGEST_SHAPE_INVALID', 'meterValue');
  }
};
