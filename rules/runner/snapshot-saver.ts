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
}

/** One save runs at a time; those asked for meanwhile become one more. */
export function createSnapshotSaver(
  deps: SnapshotSaverDeps,
  { nodeId, savedSequence }: { readonly nodeId: string; readonly savedSequence: number },
): SnapshotSaver {
  let saved = savedSequence;
  let isRequested = false;
  let running: Promise<void> | undefined;

  const saveOnce = async () => {
    const sequence = deps.processed();
    const bytes = deps.engine.snapshot();
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

  return {
    get savedSequence() {
      return saved;
    },
    save: () => {
      isRequested = true;
      running ??= run();
      return running;
    },
  };
}
