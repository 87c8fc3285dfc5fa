import type { DeviceRef, InputBatch } from '#contracts/point-batch.ts';
import type { MessageChannel } from '#contracts/raw-message.ts';
import { createComponentBook } from './core/components.ts';
import type { ControlEntry } from './core/entry.ts';
import { isKeepable } from './core/keepable.ts';
import { keepableAnswer } from './core/keepable-answer.ts';
import { createPointBuilder } from './core/point-builder.ts';
import { createDuplicateFilter } from './duplicates.ts';
import { createCounts } from './ledger.ts';
import { readCall } from './read-call.ts';
import { readCommandAnswer, readFault, readState, readTelemetry } from './read-messages.ts';
import {
  type Envelope,
  type ProcessedBatch,
  type ProcessorOptions,
  type Reading,
  type Received,
  refuse,
} from './reading.ts';

export interface Processor {
  message(device: DeviceRef | undefined, deviceId: string, envelope: Envelope): void;
  control(entry: ControlEntry): void;
  finish(sequence: number): ProcessedBatch;
}

const READERS: Readonly<Record<MessageChannel, (reading: Reading, from: Received) => void>> = {
  telemetry: readTelemetry,
  fault: readFault,
  state: readState,
  'cmd/ack': readCommandAnswer,
  ocpp: readCall,
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

function emptyBatch() {
  const counts = createCounts();
  return { signals: [], events: [], deadLetters: [], charging: [], counts, tally: counts.mqtt };
}

function finish(reading: Reading, sequence: number): ProcessedBatch {
  const { signals, events, deadLetters, charging, counts } = reading;
  const input: InputBatch = { sequence, points: reading.builder.finish(), signals };
  Object.assign(reading, emptyBatch());
  return { sequence, input, events, deadLetters, charging, counts };
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
    ...emptyBatch(),
  };
  return {
    message(device, deviceId, envelope) {
      reading.tally = envelope.channel === 'ocpp' ? reading.counts.ocpp : reading.counts.mqtt;
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
      if (text.includes('\\u') && envelope.channel === 'cmd/ack') value = keepableAnswer(value);
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
