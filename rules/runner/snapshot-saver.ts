import type { Clock } from '#platform/clock.ts';
import type { Db } from '#platform/db/db.ts';
import type { Logger } from '#platform/log.ts';
import type { AlarmWriter } from '../alarms/alarm-writer.ts';
import type { Engine } from '../core/engine-types.ts';
import { saveSnapshot } from './snapshot-store.ts';

interface SnapshotSaverDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Logger;
  readonly engine: Pick<Engine, 'snapshot'>;
  readonly writer: Pick<AlarmWriter, 'flushed'>;
  /** The log sequence that the engine has processed last. */
  readonly processed: () => number;
}

interface SnapshotSaver {
  /** The log sequence of the last snapshot saved. */
  readonly savedSequence: number;
  /** Saves the engine as it is now, once its alarms are committed. A failure is logged: the next one follows. */
  save(): Promise<void>;
  /** The same if there is something new and the engine has not stood still for snapshots too lately. */
  saveIfDue(): void;
}

/** Taking a snapshot stops the engine: it may do so for a hundredth of the time. */
const REST_TIMES = 100;

/** One save runs at a time; those asked for meanwhile become one more. */
export function createSnapshotSaver(
  deps: SnapshotSaverDeps,
  { nodeId, savedSequence }: { readonly nodeId: string; readonly savedSequence: number },
): SnapshotSaver {
  let saved = savedSequence;
  let isRequested = false;
  let running: Promise<void> | undefined;
  let restUntilMs = 0;

  const take = () => {
    const beganMs = performance.now();
    const bytes = deps.engine.snapshot();
    const nowMs = performance.now();
    restUntilMs = nowMs + REST_TIMES * (nowMs - beganMs);
    return bytes;
  };

  const saveOnce = async () => {
    const sequence = deps.processed();
    const bytes = take();
    if (!(await deps.writer.flushed())) return;
    await saveSnapshot(deps.db, nodeId, { sequence, bytes, atMs: deps.clock.nowMs() });
    saved = sequence;
  };
  const run = async () => {
    while (isRequested) {
      isRequested = false;
      await saveOnce().catch((error: unknown) => deps.log.warn({ err: error }, 'rule state not saved'));
    }
    running = undefined;
  };

  const save = () => {
    isRequested = true;
    running ??= run();
    return running;
  };

  return {
    get savedSequence() {
      return saved;
    },
    save,
    saveIfDue: () => {
      if (running !== undefined || deps.processed() === saved || performance.now() < restUntilMs) return;
      void save();
    },
  };
}
