import type { Clock } from '#platform/clock.ts';
import type { Db } from '#platform/db/db.ts';
import type { Logger } from '#platform/log.ts';
import { coalesce } from '#platform/outbox/coalesce.ts';
import type { CommandNews } from './change-commands.ts';
import type { CommandTables } from './tables.ts';

/** Ends resets whose carrier is no more: we have restarted ourselves, or another node has sent them. */
export interface Restarts {
  /** The device says that it has restarted. */
  restarted(deviceId: string): void;
  /** Looks up again what the database did not tell. */
  retry(): void;
  close(): Promise<void>;
}

interface RestartDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Logger;
  readonly put: (news: CommandNews) => void;
}

const LOOKED_UP_AT_ONCE = 500;

/** Only what the device had accepted before it restarted is done by that. */
export function createRestarts({ db, clock, log, put }: RestartDeps): Restarts {
  const waiting = new Map<string, number>();
  const lookUp = async (batch: ReadonlyMap<string, number>) => {
    const resets = await acceptedResets(db, [...batch.keys()]);
    for (const { id, device_id: deviceId, answered_at: acceptedMs } of resets) {
      const atMs = batch.get(deviceId);
      if (atMs === undefined || acceptedMs === null || acceptedMs > atMs) continue;
      put({ commandId: id, deviceId, step: 'done', detail: 'restarted', result: null, atMs });
    }
  };
  const looking = coalesce(
    async () => {
      while (waiting.size > 0) {
        const batch = new Map([...waiting].slice(0, LOOKED_UP_AT_ONCE));
        await lookUp(batch);
        for (const [deviceId, atMs] of batch) if (waiting.get(deviceId) === atMs) waiting.delete(deviceId);
      }
    },
    (error) => log.debug({ err: error }, 'resets of restarted devices not looked up; trying again'),
  );
  return {
    restarted: (deviceId) => {
      waiting.set(deviceId, clock.nowMs());
      looking.request();
    },
    retry: looking.request,
    close: looking.close,
  };
}

function acceptedResets(db: Db, deviceIds: readonly string[]) {
  return db
    .withTables<CommandTables>()
    .selectFrom('command')
    .select(['id', 'device_id', 'answered_at'])
    .where('device_id', 'in', deviceIds)
    .where('status', '=', 'accepted')
    .where('name', '=', 'reset')
    .execute();
}
