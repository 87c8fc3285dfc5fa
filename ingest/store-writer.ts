import type { PointBatch } from '#contracts/point-batch.ts';
import type { Logger } from '#platform/log.ts';
import type { ByProtocol } from './ledger.ts';
import type { ProcessedBatch } from './reading.ts';
import type { BatchRecords } from './records-store.ts';
import { type UntilTakenOptions, untilTaken } from './until-taken.ts';
import { createWaitingBatches } from './waiting-batches.ts';

export interface StoreWriterDeps {
  readonly log: Logger;
  /** Writes points; rejects while the store is away. */
  readonly writePoints: (batches: readonly PointBatch[]) => Promise<void>;
  /** Keeps events, dead letters and the checkpoint. */
  readonly saveRecords: (batches: readonly BatchRecords[]) => Promise<void>;
  /** Reads one batch of the log again. */
  readonly readAgain: (sequence: number) => Promise<ProcessedBatch>;
  /** Called after each checkpoint with how many messages of each wire became durable. */
  readonly onStored: (messages: ByProtocol<number>) => void;
}

/**
 * Drains read batches into the store, in order, many at a time, for as long as it takes: a store that is away is
 * asked again with growing waits. Memory is bounded: past the bound only positions are kept.
 */
export interface StoreWriter extends AsyncDisposable {
  enqueue(batch: ProcessedBatch): void;
  /** The last sequence in the store. */
  readonly storedSequence: number;
  /** Our time of receipt of the oldest thing not yet stored, or null where all is. */
  oldestWaitingMs(): number | null;
  /** Resolves once everything enqueued before the call is stored, or `signal` gives up. */
  drained(signal: AbortSignal): Promise<void>;
}

/** Points of one write, about: more gains nothing and lengthens the wait of the next. */
const WRITE_POINTS = 5_000;
/** Where the writer is so far behind that it must read the log again, a few large writes catch up sooner. */
const CATCH_UP_POINTS = 20_000;
const MAX_WAIT_MS = 1_000;

export function createStoreWriter(deps: StoreWriterDeps, fromSequence: number): StoreWriter {
  const queue = createWaitingBatches();
  let storedSequence = fromSequence;
  /** Our time of receipt of what was stored last: nothing older waits. */
  let lastStoredMs = 0;
  let running: Promise<void> | null = null;
  let isStopped = false;
  const waiters: { sequence: number; resolve: () => void }[] = [];

  const retry: UntilTakenOptions = {
    firstWaitMs: 50,
    maxWaitMs: MAX_WAIT_MS,
    isStopped: () => isStopped,
    onAway: (error) =>
      deps.log.error({ err: error }, 'telemetry store is away: the durable log keeps what comes in'),
    onBack: () => deps.log.info('telemetry store is back'),
  };

  /** The head of the queue, as many batches as make one write. */
  async function takeBatches(): Promise<ProcessedBatch[]> {
    const taken: ProcessedBatch[] = [];
    const enough = queue.heldAt(0) === undefined ? CATCH_UP_POINTS : WRITE_POINTS;
    let points = 0;
    for (let ahead = 0; ahead < queue.length && points < enough; ahead++) {
      const sequence = queue.sequenceAt(ahead);
      const batch = queue.heldAt(ahead) ?? (await deps.readAgain(sequence));
      taken.push(batch);
      points += batch.input.points.count;
    }
    return taken;
  }

  async function writeOnce(): Promise<void> {
    const batches = await takeBatches();
    const points = batches.map((batch) => batch.input.points).filter((batch) => batch.count > 0);
    if (points.length > 0) await deps.writePoints(points);
    await deps.saveRecords(batches);
    const messages = queue.removeFirst(batches.length);
    lastStoredMs = points.at(-1)?.receivedAtMs[0] ?? lastStoredMs;
    storedSequence = batches.at(-1)?.sequence ?? storedSequence;
    deps.onStored(messages);
    while (waiters[0] !== undefined && waiters[0].sequence <= storedSequence) waiters.shift()?.resolve();
  }

  async function run(): Promise<void> {
    while (queue.length > 0 && !isStopped) await untilTaken(writeOnce, retry);
    running = null;
  }

  function start(): void {
    running ??= run();
  }

  return {
    enqueue(batch) {
      queue.add(batch);
      start();
    },
    get storedSequence() {
      return storedSequence;
    },
    oldestWaitingMs: () =>
      queue.length === 0 ? null : (queue.heldAt(0)?.input.points.receivedAtMs[0] ?? lastStoredMs),
    drained(signal) {
      if (queue.length === 0) return Promise.resolve();
      return new Promise((resolve) => {
        const stop = () => {
          signal.removeEventListener('abort', stop);
          resolve();
        };
        waiters.push({ sequence: queue.sequenceAt(queue.length - 1), resolve: stop });
        signal.addEventListener('abort', stop);
      });
    },
    async [Symbol.asyncDispose]() {
      isStopped = true;
      await running;
    },
  };
}
