import type { ProcessedBatch } from './processor.ts';

/**
 * Batches between the log and the store, in log order. Content is held up to a bound of points; past it only the
 * position and the count of messages stay in memory, and the writer reads the log again.
 */
export interface WaitingBatches {
  readonly length: number;
  add(batch: ProcessedBatch): void;
  sequenceAt(ahead: number): number;
  heldAt(ahead: number): ProcessedBatch | undefined;
  /** Removes the first `count`; gives how many messages they had accepted. */
  removeFirst(count: number): number;
}

const MAX_HELD_POINTS = 200_000;
const COMPACT_AT = 4_096;

export function createWaitingBatches(): WaitingBatches {
  let sequences: number[] = [];
  let accepted: number[] = [];
  const held = new Map<number, ProcessedBatch>();
  let heldPoints = 0;
  let head = 0;

  function compact(): void {
    if (head < COMPACT_AT || head * 2 < sequences.length) return;
    sequences = sequences.slice(head);
    accepted = accepted.slice(head);
    head = 0;
  }

  return {
    get length() {
      return sequences.length - head;
    },
    add(batch) {
      sequences.push(batch.sequence);
      accepted.push(batch.accepted);
      const points = batch.input.points.count;
      if (heldPoints + points > MAX_HELD_POINTS) return;
      heldPoints += points;
      held.set(batch.sequence, batch);
    },
    sequenceAt: (ahead) => sequences[head + ahead] ?? 0,
    heldAt: (ahead) => held.get(sequences[head + ahead] ?? 0),
    removeFirst(count) {
      let messages = 0;
      for (let n = 0; n < count; n++) {
        const sequence = sequences[head] ?? 0;
        messages += accepted[head] ?? 0;
        heldPoints -= held.get(sequence)?.input.points.count ?? 0;
        held.delete(sequence);
        head += 1;
      }
      compact();
      return messages;
    },
  };
}
