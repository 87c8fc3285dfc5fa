import { isComponent } from '#contracts/ids.ts';
import { type DeviceKind, METRICS, type Metric, metricIndex } from '#contracts/metrics.ts';
import type { DeviceRef } from '#contracts/point-batch.ts';
import { MAX_AHEAD_MS } from './observed-at.ts';
import type { PointBuilder } from './point-builder.ts';
import type { DecodeProblem, ProblemCode } from './problem.ts';
import type { Conversion } from './units.ts';

/** How one model's telemetry is read: its kind's metrics and the conversion of each to the canonical unit. */
export interface TelemetryLayout {
  readonly kind: DeviceKind;
  readonly conversions: readonly Conversion[];
  /** Whether the device may still report this component: what each one costs is kept for ever. */
  readonly allowsComponent: (device: DeviceRef, component: string) => boolean;
}

export interface TelemetrySource {
  readonly device: DeviceRef;
  readonly receivedAtMs: number;
  /** The oldest device time that is still stored. */
  readonly oldestMs: number;
}

/** What became of one message. Nothing kept and a problem: it is dead-lettered with the first problem. */
export interface TelemetryOutcome {
  readonly points: number;
  readonly hasOwnTime: boolean;
  readonly newestMs: number;
  readonly badValues: number;
  readonly problem: DecodeProblem | null;
  /** Names that no metric has, for the report per model. */
  readonly unknownMetrics: readonly string[] | null;
}

const MAX_POINTS = 1_000;
const MAX_UNKNOWN = 32;
const MAX_NAME = 64;
/** What cutting a name may leave of its last character. */
const CUT_PAIR = /[\ud800-\udbff]$/;

/** Reads telemetry of one layout. */
export interface TelemetryDecoder {
  /** Adds the points of a parsed message (design's three shapes) to the builder. */
  decode(message: unknown, source: TelemetrySource, builder: PointBuilder): TelemetryOutcome;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The wire value as a number in wire units, or the code of what is wrong with it. */
function readValue(metric: Metric, raw: unknown): number | ProblemCode {
  if (metric.type === 'number') {
    if (typeof raw !== 'number') return 'INGEST_VALUE_TYPE';
    return Number.isFinite(raw) ? raw : 'INGEST_VALUE_NOT_FINITE';
  }
  if (metric.type === 'boolean') return typeof raw === 'boolean' ? Number(raw) : 'INGEST_VALUE_TYPE';
  if (typeof raw !== 'string') return 'INGEST_VALUE_TYPE';
  const position = metric.values?.indexOf(raw) ?? -1;
  return position < 0 ? 'INGEST_VALUE_RANGE' : position;
}

/** What the message in hand has shown so far. */
interface Findings {
  points: number;
  newestMs: number;
  hasOwnTime: boolean;
  badValues: number;
  problem: DecodeProblem | null;
  unknownMetrics: string[] | null;
}

function noteBad(found: Findings, code: ProblemCode, field: string): void {
  found.badValues += 1;
  found.problem ??= { code, field };
}

function noteUnknown(found: Findings, name: string): void {
  const field = name.slice(0, MAX_NAME).replace(CUT_PAIR, '');
  found.problem ??= { code: 'INGEST_METRIC_UNKNOWN', field };
  found.unknownMetrics ??= [];
  if (found.unknownMetrics.length < MAX_UNKNOWN) found.unknownMetrics.push(field);
}

/** The device's time of a point, ours where it gives none, or null where it is out of bounds. */
function timeOf(found: Findings, ts: unknown, source: TelemetrySource): number | null {
  if (ts === undefined) return source.receivedAtMs;
  if (typeof ts !== 'number' || !Number.isFinite(ts)) {
    noteBad(found, 'INGEST_VALUE_TYPE', 'ts');
    return null;
  }
  found.hasOwnTime = true;
  if (ts > source.receivedAtMs + MAX_AHEAD_MS) noteBad(found, 'INGEST_CLOCK_AHEAD', 'ts');
  else if (ts < source.oldestMs) noteBad(found, 'INGEST_CLOCK_BEHIND', 'ts');
  else return Math.floor(ts);
  return null;
}

function addValues(
  values: Readonly<Record<string, unknown>>,
  { kind, conversions }: TelemetryLayout,
  { builder, found }: { builder: PointBuilder; found: Findings },
): void {
  const metrics = METRICS[kind];
  for (const name in values) {
    const index = metricIndex(kind, name);
    const metric = index === undefined ? undefined : metrics[index];
    if (index === undefined || metric === undefined) {
      noteUnknown(found, name);
      continue;
    }
    const read = readValue(metric, values[name]);
    if (typeof read !== 'number') {
      noteBad(found, read, name);
      continue;
    }
    const conversion = conversions[index];
    const value = conversion === undefined ? read : read * conversion.scale + conversion.offset;
    if (value < metric.min || value > metric.max) noteBad(found, 'INGEST_VALUE_RANGE', name);
    else builder.add(index, value);
  }
}

/** Where and when the point was taken and its values, or null with the problem noted. */
function openItem(found: Findings, item: unknown, to: { source: TelemetrySource; layout: TelemetryLayout }) {
  const { source } = to;
  if (!isRecord(item)) {
    noteBad(found, 'INGEST_SHAPE_INVALID', '');
    return null;
  }
  if (!isRecord(item.values)) return { component: '', observedAtMs: source.receivedAtMs, values: item };
  const component = item.component ?? '';
  if (typeof component !== 'string' || !isComponent(component)) {
    noteBad(found, 'INGEST_COMPONENT_INVALID', 'component');
    return null;
  }
  if (component !== '' && !to.layout.allowsComponent(source.device, component)) {
    noteBad(found, 'INGEST_COMPONENT_LIMIT', 'component');
    return null;
  }
  const observedAtMs = timeOf(found, item.ts, source);
  return observedAtMs === null ? null : { component, observedAtMs, values: item.values };
}

interface Target {
  readonly source: TelemetrySource;
  readonly builder: PointBuilder;
  readonly layout: TelemetryLayout;
}

export function createTelemetryDecoder(layout: TelemetryLayout): TelemetryDecoder {
  function addPoint(found: Findings, item: unknown, to: Target): void {
    const { source, builder } = to;
    const opened = openItem(found, item, to);
    if (opened === null) return;
    const { observedAtMs } = opened;
    builder.begin(source.device, opened.component, { observedAtMs, receivedAtMs: source.receivedAtMs });
    addValues(opened.values, layout, { builder, found });
    if (!builder.end()) return;
    found.points += 1;
    if (observedAtMs > found.newestMs) found.newestMs = observedAtMs;
  }

  return {
    decode(message, source, builder) {
      const found: Findings = {
        points: 0,
        newestMs: 0,
        hasOwnTime: false,
        badValues: 0,
        problem: null,
        unknownMetrics: null,
      };
      const to = { source, builder, layout };
      if (!Array.isArray(message)) addPoint(found, message, to);
      else if (message.length > MAX_POINTS) noteBad(found, 'INGEST_TOO_MANY_POINTS', '');
      else for (const item of message) addPoint(found, item, to);
      if (found.points === 0) found.problem ??= { code: 'INGEST_SHAPE_INVALID', field: '' };
      return found;
    },
  };
}
