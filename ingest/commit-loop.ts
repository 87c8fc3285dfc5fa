import type { RawMessage } from '#contracts/raw-message.ts';
import type { Logger } from '#platform/log.ts';
import { type ControlEntry, createEntryWriter } from './core/entry.ts';
import type { SegmentLog } from './log/segment-log.ts';
import { type UntilTakenOptions, untilTaken } from './until-taken.ts';

/** What was committed together, in order: before message `at` of `controls`, that control entry. */
export interface CommittedBatch {
  readonly sequence: number;
  readonly messages: readonly RawMessage[];
  readonly controls: readonly { readonly at: number; readonly entry: ControlEntry }[];
}

/**
 * Gathers what arrives and commits it in groups: one write and one fdatasync for all that came since the last.
 * A message is acknowledged after its group is on disk. While the disk refuses, nothing is acknowledged, so
 * clients stop sending; the group is tried again until it is taken.
 */
export interface CommitLoop extends AsyncDisposable {
  message(message: RawMessage): void;
  control(entry: ControlEntry): void;
  /** Resolves once all that came before the call is committed and handed on. */
  flushed(): Promise<void>;
  /** The error that keeps commits from the disk now, or null. */
  readonly failure: Error | null;
}

interface Group {
  messages: RawMessage[];
  controls: { at: number; entry: ControlEntry }[];
}

export function createCommitLoop(
  { segments, log }: { segments: SegmentLog; log: Logger },
  onCommitted: (batch: CommittedBatch) => void,
): CommitLoop {
  let writer = createEntryWriter();
  let spare = createEntryWriter();
  let group: Group = { messages: [], controls: [] };
  let isScheduled = false;
  let isCommitting = false;
  let isDisposed = false;
  let failure: Error | null = null;
  let idle: (() => void)[] = [];

  function schedule(): void {
    if (isScheduled || isCommitting) return;
    isScheduled = true;
    setImmediate(() => {
      isScheduled = false;
      void commit();
    });
  }

  function isEmpty(): boolean {
    return group.messages.length === 0 && group.controls.length === 0;
  }

  const retry: UntilTakenOptions = {
    firstWaitMs: 100,
    maxWaitMs: 500,
    isStopped: () => isDisposed && failure !== null,
    onAway(error) {
      failure = error;
      log.error({ err: error }, 'the durable log refuses: acknowledgements wait');
    },
    onBack() {
      failure = null;
      log.info('the durable log takes messages again');
    },
  };

  async function commit(): Promise<void> {
    isCommitting = true;
    const committed = group;
    const filled = writer;
    group = { messages: [], controls: [] };
    writer = spare;
    const sequence = await untilTaken(() => segments.append(filled.bytes(), filled.messages), retry);
    filled.reset();
    spare = filled;
    isCommitting = false;
    if (sequence === null) return;
    if (!isEmpty()) schedule();
    for (const message of committed.messages) message.acknowledge();
    onCommitted({ sequence, messages: committed.messages, controls: committed.controls });
    if (isEmpty()) releaseIdle();
  }

  function releaseIdle(): void {
    const waiting = idle;
    idle = [];
    for (const resolve of waiting) resolve();
  }

  return {
    message(message) {
      writer.message({
        deviceId: message.device.id,
        channel: message.channel,
        payload: message.payload,
        receivedAtMs: message.receivedAtMs,
        isDuplicateFlagged: message.isDuplicateFlagged,
        packetId: message.packetId,
        session: message.session,
      });
      group.messages.push(message);
      schedule();
    },
    control(entry) {
      writer.control(entry);
      group.controls.push({ at: group.messages.length, entry });
      schedule();
    },
    flushed() {
      if (!isScheduled && !isCommitting && isEmpty()) return Promise.resolve();
      return new Promise((resolve) => idle.push(resolve));
    },
    get failure() {
      return failure;
    },
    async [Symbol.asyncDispose]() {
      isDisposed = true;
      if (failure === null) await this.flushed();
    },
  };
}
