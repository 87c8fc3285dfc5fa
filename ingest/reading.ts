import type { DeviceRef, InputBatch, Signal } from '#contracts/point-batch.ts';
import type { MessageChannel } from '#contracts/raw-message.ts';
import type { ChargingChange } from './core/charging-change.ts';
import type { ComponentBook } from './core/components.ts';
import type { TelemetryDecoder } from './core/decode-telemetry.ts';
import type { PointBuilder } from './core/point-builder.ts';
import type { DecodeProblem } from './core/problem.ts';
import type { DuplicateFilter } from './duplicates.ts';
import type { BatchCounts, ByProtocol } from './ledger.ts';

/** A message to be read, from the wire or from the log. */
export interface Envelope {
  readonly channel: MessageChannel;
  readonly payload: Buffer;
  readonly receivedAtMs: number;
  readonly isDuplicateFlagged: boolean;
  readonly packetId: number;
  readonly session: string;
}

/** What a device told besides values, as kept in `device_event`. */
export interface DeviceEvent {
  readonly deviceId: string;
  readonly component: string;
  readonly type: 'fault' | 'state' | 'status' | 'cmd_ack' | 'boot' | 'firmware' | 'diagnostics' | 'vendor';
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

/** One log batch, read: what rules see and what the writer keeps. */
export interface ProcessedBatch {
  readonly sequence: number;
  readonly input: InputBatch;
  readonly events: readonly DeviceEvent[];
  readonly deadLetters: readonly DeadLetter[];
  readonly charging: readonly ChargingChange[];
  readonly counts: ByProtocol<BatchCounts>;
}

export interface ProcessorOptions {
  readonly findDevice: (deviceId: string) => DeviceRef | undefined;
  /** How far back a device's own time may reach. */
  readonly maxAgeMs: number;
  /** False when a batch is read again for the writer: it was counted the first time. */
  readonly findsDuplicates: boolean;
  readonly onUnknownMetrics?: (model: string, names: readonly string[]) => void;
}

/** The batch in hand, and what outlives it. */
export interface Reading {
  readonly options: ProcessorOptions;
  readonly builder: PointBuilder;
  readonly duplicates: DuplicateFilter;
  readonly components: ComponentBook;
  readonly decoders: Map<string, TelemetryDecoder>;
  readonly partialMarks: Map<string, number>;
  signals: Signal[];
  events: DeviceEvent[];
  deadLetters: DeadLetter[];
  charging: ChargingChange[];
  counts: ByProtocol<BatchCounts>;
  /** Of the wire that the message in hand came over. */
  tally: BatchCounts;
}

/** A message of a known device whose payload is JSON. */
export interface Received {
  readonly device: DeviceRef;
  readonly envelope: Envelope;
  readonly value: unknown;
}

/** A dead letter keeps this much of the payload: a copy, for the original shares its buffer with others. */
export const MAX_LETTER_BYTES = 16_384;

/** A device that sends a bad value in every message leaves one partial dead letter in this span. */
const PARTIAL_EVERY_MS = 60_000;
const MAX_PARTIAL_MARKS = 10_000;

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

/** Nothing of the message is kept but itself. */
export function refuse(
  reading: Reading,
  from: { deviceId: string; envelope: Envelope },
  problem: DecodeProblem,
): void {
  reading.tally.deadLettered += 1;
  keepLetter(reading, from, { ...problem, isPartial: false });
}

export function refuseReceived(
  reading: Reading,
  { device, envelope }: Received,
  problem: DecodeProblem,
): void {
  refuse(reading, { deviceId: device.id, envelope }, problem);
}

/** The message is kept but for these values. */
export function accept(
  reading: Reading,
  from: Received,
  { badValues, problem }: { readonly badValues: number; readonly problem: DecodeProblem | null },
): void {
  reading.tally.accepted += 1;
  reading.tally.badValues += badValues;
  if (badValues === 0 || problem === null) return;
  const { device, envelope } = from;
  const mark = `${device.id} ${problem.code} ${problem.field}`;
  const { partialMarks } = reading;
  if (envelope.receivedAtMs - (partialMarks.get(mark) ?? 0) < PARTIAL_EVERY_MS) return;
  if (partialMarks.size >= MAX_PARTIAL_MARKS) partialMarks.clear();
  partialMarks.set(mark, envelope.receivedAtMs);
  keepLetter(reading, { deviceId: device.id, envelope }, { ...problem, isPartial: true });
}

/** Whether the message came before; then it is counted so. `newestMs` is null where it carries no time. */
export function isDuplicate(
  reading: Reading,
  { device, envelope }: Received,
  newestMs: number | null,
): boolean {
  if (!reading.options.findsDuplicates) return false;
  const { payload, isDuplicateFlagged, packetId, session } = envelope;
  const sighting = { device, payload, newestMs, isDuplicateFlagged, packetId, session };
  if (!reading.duplicates.isDuplicate(sighting)) return false;
  reading.tally.duplicate += 1;
  return true;
}
