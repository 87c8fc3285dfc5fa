import { type DeviceModel, findDeviceModel } from '#contracts/device-models.ts';
import type { DeviceRef, InputBatch, Signal } from '#contracts/point-batch.ts';
import type { MessageChannel } from '#contracts/raw-message.ts';
import { type ComponentBook, createComponentBook } from './core/components.ts';
import { createTelemetryDecoder, MAX_AHEAD_MS, type TelemetryDecoder } from './core/decode-telemetry.ts';
import type { ControlEntry } from './core/entry.ts';
import { isKeepable } from './core/keepable.ts';
import { createPointBuilder, type PointBuilder } from './core/point-builder.ts';
import type { DecodeProblem } from './core/problem.ts';
import { compileUnits } from './core/units.ts';
import { decodeCommandAnswer, decodeFault, decodeState } from './decode-signal.ts';
import { createDuplicateFilter, type DuplicateFilter } from './duplicates.ts';

/** A message to be read, from the wire or from the log. */
export interface Envelope {
  readonly channel: MessageChannel;
  readonly payload: Buffer;
  readonly receivedAtMs: number;
  readonly isDuplicateFlagged: boolean;
  readonly packetId: number;
  readonly session: string;
}

/** A fault, state or command answer, as kept in `device_event`. */
export interface DeviceEvent {
  readonly deviceId: string;
  readonly component: string;
  readonly type: 'fault' | 'state' | 'cmd_ack';
  readonly code: string | null;
  readonly state: string;
  readonly detail: unknown;
  readonly observedAtMs: number;
  readonly receivedAtMs: number;
}

export interface DeadLetter {
  readonly deviceId: string;
  readonly topic: string;
  readonly code: string;
  readonly field: string;
  readonly isPartial: boolean;
  readonly payload: Buffer;
  readonly receivedAtMs: number;
}

/** One log batch, read: what rules see and what the writer keeps. Counts are of messages, `badValues` of values. */
export interface ProcessedBatch {
  readonly sequence: number;
  readonly input: InputBatch;
  readonly events: readonly DeviceEvent[];
  readonly deadLetters: readonly DeadLetter[];
  readonly accepted: number;
  readonly duplicate: number;
  readonly deadLettered: number;
  readonly badValues: number;
}

export interface Processor {
  message(device: DeviceRef | undefined, deviceId: string, envelope: Envelope): void;
  control(entry: ControlEntry): void;
  finish(sequence: number): ProcessedBatch;
}

export interface ProcessorOptions {
  readonly findDevice: (deviceId: string) => DeviceRef | undefined;
  /** How far back a device's own time may reach. */
  readonly maxAgeMs: number;
  /** False when a batch is read again for the writer: it was counted the first time. */
  readonly findsDuplicates: boolean;
  readonly onUnknownMetrics?: (model: string, names: readonly string[]) => void;
}

/** A dead letter keeps this much of the payload: a copy, for the original shares its buffer with others. */
export const MAX_LETTER_BYTES = 16_384;

/** A device that sends a bad value in every message leaves one partial dead letter in this span. */
const PARTIAL_EVERY_MS = 60_000;
const MAX_PARTIAL_MARKS = 10_000;

/** The batch in hand, and what outlives it. */
interface Reading {
  readonly options: ProcessorOptions;
  readonly builder: PointBuilder;
  readonly duplicates: DuplicateFilter;
  readonly components: ComponentBook;
  readonly decoders: Map<string, TelemetryDecoder>;
  readonly partialMarks: Map<string, number>;
  signals: Signal[];
  events: DeviceEvent[];
  deadLetters: DeadLetter[];
  accepted: number;
  duplicate: number;
  deadLettered: number;
  badValues: number;
}

function decoderFor(
  model: DeviceModel | undefined,
  device: DeviceRef,
  components: ComponentBook,
): TelemetryDecoder {
  const allowsComponent = components.allows;
  if (model === undefined)
    return createTelemetryDecoder({ kind: device.kind, conversions: [], allowsComponent });
  const units = compileUnits(model.kind, model.units);
  return createTelemetryDecoder({
    kind: model.kind,
    conversions: 'problem' in units ? [] : units.conversions,
    allowsComponent,
  });
}

function decoderOf(reading: Reading, device: DeviceRef): TelemetryDecoder {
  const found = reading.decoders.get(device.model);
  if (found !== undefined) return found;
  const decoder = decoderFor(findDeviceModel(device.model), device, reading.components);
  reading.decoders.set(device.model, decoder);
  return decoder;
}

function keepLetter(
  reading: Reading,
  from: { deviceId: string; envelope: Envelope },
  letter: DecodeProblem & { isPartial: boolean },
): void {
  const { deviceId, envelope } = from;
  const topic = `devices/${deviceId}/${envelope.channel}`;
  const payload = Buffer.from(envelope.payload.subarray(0, MAX_LETTER_BYTES));
  reading.deadLetters.push({ deviceId, topic, payload, receivedAtMs: envelope.receivedAtMs, ...letter });
}

function refuse(
  reading: Reading,
  from: { deviceId: string; envelope: Envelope },
  problem: DecodeProblem,
): void {
  reading.deadLettered += 1;
  keepLetter(reading, from, { ...problem, isPartial: false });
}

function notePartial(reading: Reading, from: Received, problem: DecodeProblem): void {
  const { device, envelope } = from;
  const mark = `${device.id} ${problem.code} ${problem.field}`;
  const { partialMarks } = reading;
  if (envelope.receivedAtMs - (partialMarks.get(mark) ?? 0) < PARTIAL_EVERY_MS) return;
  if (partialMarks.size >= MAX_PARTIAL_MARKS) partialMarks.clear();
  partialMarks.set(mark, envelope.receivedAtMs);
  keepLetter(reading, { deviceId: device.id, envelope }, { ...problem, isPartial: true });
}

interface Received {
  readonly device: DeviceRef;
  readonly envelope: Envelope;
  readonly value: unknown;
}

function isDuplicate(reading: Reading, { device, envelope }: Received, newestMs: number | null): boolean {
  if (!reading.options.findsDuplicates) return false;
  const { payload, isDuplicateFlagged, packetId, session } = envelope;
  const sighting = { device, payload, newestMs, isDuplicateFlagged, packetId, session };
  if (!reading.duplicates.isDuplicate(sighting)) return false;
  reading.duplicate += 1;
  return true;
}

function readTelemetry(reading: Reading, from: Received): void {
  const { device, envelope, value } = from;
  const { builder, options } = reading;
  const before = builder.count;
  const { receivedAtMs } = envelope;
  const source = { device, receivedAtMs, oldestMs: receivedAtMs - options.maxAgeMs };
  const outcome = decoderOf(reading, device).decode(value, source, builder);
  const { problem } = outcome;
  if (outcome.unknownMetrics !== null) options.onUnknownMetrics?.(device.model, outcome.unknownMetrics);
  if (outcome.points === 0) {
    refuse(
      reading,
      { deviceId: device.id, envelope },
      problem ?? { code: 'INGEST_SHAPE_INVALID', field: '' },
    );
    return;
  }
  if (isDuplicate(reading, from, outcome.hasOwnTime ? outcome.newestMs : null)) {
    builder.undo(before);
    return;
  }
  reading.accepted += 1;
  reading.badValues += outcome.badValues;
  if (outcome.badValues > 0 && problem !== null) notePartial(reading, from, problem);
}

/** The message's own time where it is plausible, else ours. */
function observedAt(reading: Reading, ts: number | undefined, receivedAtMs: number): number {
  const isPlausible =
    ts !== undefined && ts <= receivedAtMs + MAX_AHEAD_MS && ts >= receivedAtMs - reading.options.maxAgeMs;
  return isPlausible ? Math.floor(ts) : receivedAtMs;
}

/** The decoded message once it is counted as accepted; null where it was refused or came before. */
function take<T extends { readonly ts?: number }>(
  reading: Reading,
  from: Received,
  checked: { readonly message: T } | { readonly problem: DecodeProblem },
): T | null {
  if ('problem' in checked) {
    refuse(reading, { deviceId: from.device.id, envelope: from.envelope }, checked.problem);
    return null;
  }
  if (isDuplicate(reading, from, checked.message.ts ?? null)) return null;
  reading.accepted += 1;
  return checked.message;
}

function readFault(reading: Reading, from: Received): void {
  const { device, envelope } = from;
  const checked = decodeFault(from.value);
  if ('message' in checked && !reading.components.allows(device, checked.message.component ?? '')) {
    refuse(
      reading,
      { deviceId: device.id, envelope },
      { code: 'INGEST_COMPONENT_LIMIT', field: 'component' },
    );
    return;
  }
  const message = take(reading, from, checked);
  if (message === null) return;
  const { receivedAtMs } = envelope;
  const { component = '', code, state, detail = null } = message;
  const observedAtMs = observedAt(reading, message.ts, receivedAtMs);
  const told = { type: 'fault' as const, component, code, state, detail, observedAtMs, receivedAtMs };
  reading.signals.push({ ...told, afterPoint: reading.builder.count, device });
  reading.events.push({ ...told, deviceId: device.id });
}

function readState(reading: Reading, from: Received): void {
  const { device, envelope } = from;
  const message = take(reading, from, decodeState(from.value));
  if (message === null) return;
  const { receivedAtMs } = envelope;
  const observedAtMs = observedAt(reading, message.ts, receivedAtMs);
  const { faults: codes, session = null, fw = null } = message;
  if (codes !== undefined && message.online) {
    const afterPoint = reading.builder.count;
    reading.signals.push({
      type: 'fault_list',
      afterPoint,
      device,
      component: '',
      codes,
      observedAtMs,
      receivedAtMs,
    });
  }
  reading.events.push({
    deviceId: device.id,
    component: '',
    type: 'state',
    code: null,
    state: message.online ? 'online' : 'offline',
    detail: { session, fw, faults: codes ?? null },
    observedAtMs,
    receivedAtMs,
  });
}

function readCommandAnswer(reading: Reading, from: Received): void {
  const answer = take<{ id: string; status: string; detail?: string; ts?: number }>(
    reading,
    from,
    decodeCommandAnswer(from.value),
  );
  if (answer === null) return;
  const { receivedAtMs } = from.envelope;
  const { id, status, detail = null } = answer;
  reading.events.push({
    deviceId: from.device.id,
    component: '',
    type: 'cmd_ack',
    code: null,
    state: status,
    detail: { id, detail },
    observedAtMs: receivedAtMs,
    receivedAtMs,
  });
}

const READERS: Readonly<Record<MessageChannel, (reading: Reading, from: Received) => void>> = {
  telemetry: readTelemetry,
  fault: readFault,
  state: readState,
  'cmd/ack': readCommandAnswer,
  ocpp: (reading, { device, envelope }) =>
    refuse(reading, { deviceId: device.id, envelope }, { code: 'INGEST_SHAPE_INVALID', field: '' }),
};

function readControl(reading: Reading, entry: ControlEntry): void {
  const afterPoint = reading.builder.count;
  if (entry.type !== 'presence') {
    reading.signals.push({ ...entry, afterPoint });
    return;
  }
  const device = reading.options.findDevice(entry.deviceId);
  if (device === undefined) return;
  reading.signals.push({ type: 'presence', afterPoint, device, isOnline: entry.isOnline, atMs: entry.atMs });
}

const EMPTY_COUNTS = { accepted: 0, duplicate: 0, deadLettered: 0, badValues: 0 };

function finish(reading: Reading, sequence: number): ProcessedBatch {
  const { signals, events, deadLetters, accepted, duplicate, deadLettered, badValues } = reading;
  const input: InputBatch = { sequence, points: reading.builder.finish(), signals };
  Object.assign(reading, EMPTY_COUNTS, { signals: [], events: [], deadLetters: [] });
  return { sequence, input, events, deadLetters, accepted, duplicate, deadLettered, badValues };
}

/**
 * Reads batches: parses each message once, sorts it into kept, duplicate or dead-lettered, and lays its points
 * and signals out for rules. Never throws on what a device sent.
 */
export function createProcessor(options: ProcessorOptions): Processor {
  const reading: Reading = {
    options,
    builder: createPointBuilder(),
    duplicates: createDuplicateFilter(),
    components: createComponentBook(),
    decoders: new Map(),
    partialMarks: new Map(),
    signals: [],
    events: [],
    deadLetters: [],
    ...EMPTY_COUNTS,
  };
  return {
    message(device, deviceId, envelope) {
      if (device === undefined) {
        refuse(reading, { deviceId, envelope }, { code: 'INGEST_DEVICE_UNKNOWN', field: '' });
        return;
      }
      const text = envelope.payload.toString('utf8');
      let value: unknown;
      try {
        value = JSON.parse(text);
      } catch {
        refuse(reading, { deviceId, envelope }, { code: 'INGEST_JSON_MALFORMED', field: '' });
        return;
      }
      if (text.includes('\\u') && !isKeepable(value)) {
        refuse(reading, { deviceId, envelope }, { code: 'INGEST_TEXT_INVALID', field: '' });
        return;
      }
      READERS[envelope.channel](reading, { device, envelope, value });
    },
    control: (entry) => readControl(reading, entry),
    finish: (sequence) => finish(reading, sequence),
  };
}
