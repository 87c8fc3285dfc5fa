import { sql } from 'kysely';
import { isDeviceId } from '#contracts/ids.ts';
import type { Protocol } from '#contracts/raw-message.ts';
import type { Clock } from '#platform/clock.ts';
import type { Db } from '#platform/db/db.ts';
import type { Logger } from '#platform/log.ts';
import { createBatchWriter } from './batch-writer.ts';

/** Unknown identities that tried to connect, for an administrator to approve. */
export interface PendingDevices extends AsyncDisposable {
  /** Notes an attempt. Text that could never be a device id is left out. */
  seen(identity: string, protocol: Protocol, remoteAddress: string | null): void;
  /** Writes what is waiting. */
  flush(): Promise<void>;
}

interface Attempt {
  identity: string;
  protocol: string;
  seen_at: string;
  attempts: number;
  remote_address: string | null;
}

const FLUSH_MS = 200;
const MAX_ROWS = 1_000;

/** At most 1,000 identities are kept, those seen last. */
export function createPendingDevices(deps: {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Logger;
}): PendingDevices {
  const waiting = new Set<string>();
  const writer = createBatchWriter<Attempt>({
    everyMs: FLUSH_MS,
    write: async (attempts) => {
      await record(deps.db, attempts);
      for (const { identity } of attempts) waiting.delete(identity);
    },
    onError: (error) => deps.log.warn({ err: error }, 'pending devices not written yet; trying again'),
    merge: (earlier, later) => ({ ...later, attempts: earlier.attempts + later.attempts }),
  });
  return {
    seen: (identity, protocol, remoteAddress) => {
      if (!isDeviceId(identity) || (waiting.size >= MAX_ROWS && !waiting.has(identity))) return;
      waiting.add(identity);
      writer.put(identity, {
        identity,
        protocol,
        seen_at: new Date(deps.clock.nowMs()).toISOString(),
        attempts: 1,
        remote_address: remoteAddress,
      });
    },
    flush: writer.flush,
    [Symbol.asyncDispose]: writer[Symbol.asyncDispose],
  };
}

async function record(db: Db, attempts: readonly Attempt[]): Promise<void> {
  await sql`
    insert into pending_device as known
      (identity, protocol, first_seen_at, last_seen_at, attempts, remote_address)
    select identity, protocol, seen_at, seen_at, attempts, remote_address
    from jsonb_to_recordset(${JSON.stringify(attempts)}::jsonb) as attempt
      (identity text, protocol text, seen_at timestamptz, attempts integer, remote_address text)
    where not exists (select from device where device.id = attempt.identity)
    order by identity
    on conflict (identity) do update set
      protocol = excluded.protocol,
      last_seen_at = greatest(known.last_seen_at, excluded.last_seen_at),
      attempts = least(known.attempts::bigint + excluded.attempts, 2147483647)::integer,
      remote_address = excluded.remote_address`.execute(db);
  await sql`
    delete from pending_device where identity in (
      select identity from pending_device order by last_seen_at desc, identity offset ${MAX_ROWS}
    )`.execute(db);
}
