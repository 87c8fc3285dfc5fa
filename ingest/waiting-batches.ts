import { type ByProtocol, byProtocol } from './ledger.ts';
import type { ProcessedBatch } from './reading.ts';

/**
 * Batches between the log and the store, in log order. Content is held up to a bound of bytes; past it only the
 * position and the count of messages stay in memory, and the writer reads the log again.
 */
export interface WaitingBatches {
  readonly length: number;
  add(batch: ProcessedBatch): void;
  sequenceAt(ahead: number): number;
  heldAt(ahead: number): ProcessedBatch | undefined;
  /** Removes the first `count`; gives how many messages of each wire they had accepted. */
  removeFirst(count: number): ByProtocol<number>;
}

const MAX_HELD_BYTES = 67_108_864;
const COMPACT_AT = 4_096;
const BATCH_BYTES = 1_024;
const POINT_BYTES = 64;
const VALUE_BYTES = 10;
const EVENT_BYTES = 1_024;

/** About what a batch takes in memory. */
function bytesOf({ input, events, deadLetters, charging }: ProcessedBatch): number {
  const { points } = input;
  let bytes = BATCH_BYTES + points.count * POINT_BYTES + points.value.length * VALUE_BYTES;
  bytes += (events.length + deadLetters.length + charging.length + input.signals.length) * EVENT_BYTES;
  for (const { payload } of deadLetters) bytes += payload.length;
  return bytes;
}

export function createWaitingBatches(): WaitingBatches {
  let sequences: number[] = [];
  let accepted = byProtocol((): number[] => []);
  const held = new Map<number, ProcessedBatch>();
  let heldBytes = 0;
  let head = 0;

  function compact(): void {
    if (head < COMPACT_AT || head * 2 < sequences.length) return;
    sequences = sequences.slice(head);
    accepted = byProtocol((protocol) => accepted[protocol].slice(head));
    head = 0;
  }

  return {
    get length() {
      return sequences.length - head;
    },
    add(batch) {
      sequences.push(batch.sequence);
      accepted.mqtt.push(batch.counts.mqtt.accepted);
      accepted.ocpp.push(batch.counts.ocpp.accepted);
      const bytes = bytesOf(batch);
      if (heldBytes + bytes > MAX_HELD_BYTES) return;
      heldBytes += bytes;
      held.set(batch.sequence, batch);
    },
    sequenceAt: (ahead) => sequences[head + ahead] ?? 0,
    heldAt: (ahead) => held.get(sequences[head + ahead] ?? 0),
    removeFirst(count) {
      const messages = { mqtt: 0, ocpp: 0 };
      for (let n = 0; n < count; n++) {
        const sequence = sequences[head] ?? 0;
        messages.mqtt += accepted.mqtt[head] ?? 0;
        messages.ocpp += accepted.ocpp[head] ?? 0;
        const batch = held.get(sequence);
        if (batch !== undefined) heldBytes -= bytesOf(batch);
        held.delete(sequence);
        head += 1;
      }
      compact();
      return messages;
    },
  };
}
