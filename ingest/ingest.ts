import { join } from 'node:path';
import type { DeviceRef, InputBatch, PointBatch } from '#contracts/point-batch.ts';
import { PROTOCOLS, type Protocol, type RawMessage, type RawSink } from '#contracts/raw-message.ts';
import type { Clock } from '#platform/clock.ts';
import type { Logger } from '#platform/log.ts';
import { commandAnswersOf, type DeviceAnswer } from './command-answers.ts';
import { type CommittedBatch, createCommitLoop } from './commit-loop.ts';
import { type ControlEntry, type Entry, readEntries } from './core/entry.ts';
import { keepableText } from './core/keepable.ts';
import { type ByProtocol, byProtocol, createLedger, type Ledger, sumLedgers } from './ledger.ts';
import { openSegmentLog, type SegmentLog } from './log/segment-log.ts';
import { createProcessor, type Processor } from './processor.ts';
import { MAX_LETTER_BYTES, type ProcessedBatch } from './reading.ts';
import type { BatchRecords } from './records-store.ts';
import { createStoreWriter } from './store-writer.ts';
import type { RefusedPoint } from './telemetry/telemetry-store.ts';

export interface IngestDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly findDevice: (deviceId: string) => DeviceRef | undefined;
  readonly writePoints: (batches: readonly PointBatch[]) => Promise<void>;
  readonly saveRecords: (batches: readonly BatchRecords[]) => Promise<void>;
  /** Sees every batch in log order, after it is on disk; never throws. */
  readonly onBatch: (input: InputBatch) => void;
  /** Called after `onBatch` where a batch holds answers to commands, again on a replay; never throws. */
  readonly onCommandAnswers?: (answers: readonly DeviceAnswer[]) => void;
  readonly onUnknownMetrics?: (model: string, names: readonly string[]) => void;
  /** The last log sequence whose effect on rules is saved: the log is kept behind it. */
  readonly rulesSequence: () => number;
}

export interface IngestConfig {
  readonly dataDir: string;
  readonly maxLogBytes: number;
  /** How far back a device's own time may reach: what raw retention keeps. */
  readonly maxAgeMs: number;
  /** The last sequence that the store holds, from its checkpoint. */
  readonly storedSequence: number;
  readonly tickMs: number;
}

/** A message refused before it could be logged, e.g. on a foreign topic. */
export interface RefusedMessage {
  /** `mqtt` unless told. */
  readonly protocol?: Protocol;
  readonly deviceId: string;
  readonly topic: string;
  readonly code: string;
  readonly field?: string;
  readonly payload: Buffer;
}

/** From the wire to the log to the store, with the account kept. */
export interface Ingest extends AsyncDisposable {
  readonly sink: RawSink;
  /** The account of all wires, as it is now. */
  readonly ledger: Readonly<Ledger>;
  readonly ledgers: ByProtocol<Readonly<Ledger>>;
  /** Bytes of the durable log now. */
  logBytes(): number;
  /** Why nothing is being acknowledged, or null. */
  failure(): Error | null;
  refuse(message: RefusedMessage): void;
  /** Keeps points that the store will never take as partial dead letters: their messages are accounted for. */
  refusePoints(points: readonly RefusedPoint[]): void;
  /** Enters an acknowledgement of an alarm into the log, so that a replay sees it too. */
  acknowledgeAlarm(alarmKey: string): void;
  /** Resolves once all accepted so far is on disk and was seen by rules. */
  flushed(): Promise<void>;
  /** Resolves once all accepted so far is in the store. */
  stored(signal: AbortSignal): Promise<void>;
  /** Our time of receipt of the oldest message not yet stored; now where there is none. */
  stableUntilMs(): number;
}

const TRIM_EVERY_MS = 500;
const DRAIN_MS = 5_000;

function feed(processor: Processor, batch: CommittedBatch): ProcessedBatch {
  let next = 0;
  const { messages, controls } = batch;
  for (let at = 0; at <= messages.length; at++) {
    while (controls[next]?.at === at) {
      const control = controls[next];
      if (control !== undefined) processor.control(control.entry);
      next += 1;
    }
    const message = messages[at];
    if (message !== undefined) processor.message(message.device, message.device.id, message);
  }
  return processor.finish(batch.sequence);
}

function feedRecord(
  processor: Processor,
  { sequence, entries }: { readonly sequence: number; readonly entries: readonly Entry[] },
  deps: IngestDeps,
): ProcessedBatch {
  for (const entry of entries) {
    if (entry.type === 'message') processor.message(deps.findDevice(entry.deviceId), entry.deviceId, entry);
    else processor.control(entry);
  }
  return processor.finish(sequence);
}

/** How many messages of each wire came together; counted apart from what became of them. */
function countArrived(messages: number, entries: readonly (Entry | RawMessage)[]): ByProtocol<number> {
  let ocpp = 0;
  for (const entry of entries) if ('channel' in entry && entry.channel === 'ocpp') ocpp += 1;
  return { mqtt: messages - ocpp, ocpp };
}

function count(ledgers: ByProtocol<Ledger>, { counts }: ProcessedBatch): void {
  for (const protocol of PROTOCOLS) {
    const ledger = ledgers[protocol];
    const { accepted, duplicate, deadLettered, badValues } = counts[protocol];
    ledger.duplicate += duplicate;
    ledger.deadLettered += deadLettered;
    ledger.badValues += badValues;
    ledger.spooled += accepted;
  }
}

/** Rules see the batch, then whoever waits for a device's answer to a command. */
function tell({ onBatch, onCommandAnswers }: IngestDeps, { input, events }: ProcessedBatch): void {
  onBatch(input);
  if (onCommandAnswers === undefined || events.length === 0) return;
  const answers = commandAnswersOf([{ events }]);
  if (answers.length > 0) onCommandAnswers(answers);
}

/** Reads what is behind the older of both positions again: rules see what they had not, the writer keeps its. */
async function replay(
  segments: SegmentLog,
  deps: IngestDeps,
  to: {
    processor: Processor;
    onSpooled: (batch: ProcessedBatch, arrived: ByProtocol<number>) => void;
    storedSequence: number;
  },
): Promise<void> {
  const rulesSequence = deps.rulesSequence();
  const from = Math.min(to.storedSequence, rulesSequence) + 1;
  await using records = segments.read(from);
  let batches = 0;
  for (let record = await records.next(); record !== null; record = await records.next()) {
    const { sequence } = record;
    const entries = readEntries(record.payload);
    const batch = feedRecord(to.processor, { sequence, entries }, deps);
    if (sequence > rulesSequence) tell(deps, batch);
    if (sequence > to.storedSequence) to.onSpooled(batch, countArrived(record.messages, entries));
    batches += 1;
  }
  if (batches > 0) deps.log.info({ batches, fromSequence: from }, 'durable log replayed');
}

/** Reads batches of the log again for the writer: in rising order, so one cursor passes over what lies between. */
function createRereader(segments: SegmentLog, deps: IngestDeps, config: IngestConfig) {
  const { findDevice } = deps;
  const processor = createProcessor({ findDevice, maxAgeMs: config.maxAgeMs, findsDuplicates: false });
  let cursor: { records: ReturnType<SegmentLog['read']>; next: number } | null = null;
  return async (sequence: number): Promise<ProcessedBatch> => {
    if (cursor === null || cursor.next > sequence) {
      await cursor?.records[Symbol.asyncDispose]();
      cursor = { records: segments.read(sequence), next: sequence };
    }
    let record = await cursor.records.next();
    while (record !== null && record.sequence < sequence) record = await cursor.records.next();
    cursor.next = (record?.sequence ?? sequence) + 1;
    if (record?.sequence === sequence) {
      return feedRecord(processor, { sequence, entries: readEntries(record.payload) }, deps);
    }
    deps.log.error(
      { sequence },
      'a batch of the durable log cannot be read again: its points are not stored',
    );
    return processor.finish(sequence);
  };
}

/** Opens the log, replays what is behind, and takes messages from then on. */
export async function startIngest(deps: IngestDeps, config: IngestConfig): Promise<Ingest> {
  const { clock, log, findDevice } = deps;
  const ledgers = byProtocol(createLedger);
  const minSequence = Math.max(config.storedSequence, deps.rulesSequence()) + 1;
  const segments = await openSegmentLog(
    { folder: join(config.dataDir, 'log'), maxBytes: config.maxLogBytes, minSequence },
    log,
  );
  const onUnknownMetrics = deps.onUnknownMetrics ?? (() => undefined);
  const processor = createProcessor({
    findDevice,
    maxAgeMs: config.maxAgeMs,
    findsDuplicates: true,
    onUnknownMetrics,
  });
  const writer = createStoreWriter(
    {
      log,
      writePoints: deps.writePoints,
      saveRecords: deps.saveRecords,
      readAgain: createRereader(segments, deps, config),
      onStored(messages) {
        for (const protocol of PROTOCOLS) {
          ledgers[protocol].spooled -= messages[protocol];
          ledgers[protocol].stored += messages[protocol];
        }
      },
    },
    config.storedSequence,
  );
  await replay(segments, deps, {
    processor,
    storedSequence: config.storedSequence,
    onSpooled(batch, arrived) {
      for (const protocol of PROTOCOLS) ledgers[protocol].spooledAtStart += arrived[protocol];
      count(ledgers, batch);
      writer.enqueue(batch);
    },
  });
  const refused: ProcessedBatch['deadLetters'][number][] = [];
  const loop = createCommitLoop({ segments, log }, (committed) => {
    const read = feed(processor, committed);
    const batch =
      refused.length === 0 ? read : { ...read, deadLetters: [...read.deadLetters, ...refused.splice(0)] };
    const arrived = countArrived(committed.messages.length, committed.messages);
    for (const protocol of PROTOCOLS) ledgers[protocol].inFlight -= arrived[protocol];
    count(ledgers, batch);
    tell(deps, batch);
    writer.enqueue(batch);
  });
  const control = (entry: ControlEntry): void => loop.control(entry);
  control({ type: 'resume', atMs: clock.nowMs() });
  const trim = () =>
    segments
      .trim(Math.min(writer.storedSequence, deps.rulesSequence()) + 1)
      .catch((error: unknown) => log.warn({ err: error }, 'the durable log was not trimmed'));
  const trimmer = setInterval(() => void trim(), TRIM_EVERY_MS);
  const ticker = setInterval(() => control({ type: 'tick', atMs: clock.nowMs() }), config.tickMs);

  return {
    sink: {
      accept(message: RawMessage) {
        const ledger = ledgers[message.channel === 'ocpp' ? 'ocpp' : 'mqtt'];
        ledger.received += 1;
        ledger.inFlight += 1;
        loop.message(message);
      },
      presence: (device, isOnline, atMs) =>
        control({ type: 'presence', deviceId: device.id, isOnline, atMs }),
    },
    get ledger() {
      return sumLedgers(ledgers);
    },
    ledgers,
    logBytes: () => segments.bytes,
    failure: () => loop.failure,
    refuse({ protocol = 'mqtt', deviceId, topic, code, field = '', payload }) {
      const ledger = ledgers[protocol];
      ledger.received += 1;
      ledger.deadLettered += 1;
      if (refused.length >= MAX_REFUSED) return;
      refused.push({
        deviceId,
        topic: keepableText(topic),
        code,
        field: keepableText(field),
        isPartial: false,
        payload: Buffer.from(payload.subarray(0, MAX_LETTER_BYTES)),
        receivedAtMs: clock.nowMs(),
      });
    },
    refusePoints(points) {
      for (const point of points.slice(0, MAX_REFUSED - refused.length)) refused.push(letterOf(point));
    },
    acknowledgeAlarm: (alarmKey) => control({ type: 'acknowledge', alarmKey, atMs: clock.nowMs() }),
    flushed: () => loop.flushed(),
    stored: async (signal) => {
      await loop.flushed();
      await writer.drained(signal);
    },
    stableUntilMs: () => writer.oldestWaitingMs() ?? clock.nowMs(),
    async [Symbol.asyncDispose]() {
      clearInterval(ticker);
      clearInterval(trimmer);
      await loop[Symbol.asyncDispose]();
      await writer.drained(AbortSignal.timeout(DRAIN_MS));
      await writer[Symbol.asyncDispose]();
      await segments[Symbol.asyncDispose]();
    },
  };
}

function letterOf({ device, component, observedAtMs, receivedAtMs, values, code, message }: RefusedPoint) {
  const payload = Buffer.from(JSON.stringify({ ts: observedAtMs, component, values, message }));
  const topic = `devices/${device.id}/telemetry`;
  return { deviceId: device.id, topic, code, field: '', isPartial: true, payload, receivedAtMs };
}

/** Refused messages kept until the next commit, at most; more are counted only. */
const MAX_REFUSED = 1_000;
