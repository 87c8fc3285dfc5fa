import { sql } from 'kysely';
import type { Clock } from '#platform/clock.ts';
import type { Db } from '#platform/db/db.ts';
import type { Outbox } from '#platform/outbox/outbox.ts';
import { type CommandRow, changeOf } from './command-rows.ts';
import type { CommandTables } from './tables.ts';

const MAX_WAITING = 1_000;

interface ClaimDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly outbox: Outbox;
}

/**
 * The next command of each of these devices, now `sent`; none for a device that has one in hand. Two nodes that try at
 * once get one command between them: the other fails with a unique violation.
 */
export async function claimNext(
  { db, clock, outbox }: ClaimDeps,
  nodeId: string,
  deviceIds: readonly string[],
): Promise<readonly CommandRow[]> {
  const now = new Date(clock.nowMs());
  const rows = await db.transaction().execute(async (tx) => {
    const tables = tx.withTables<CommandTables>();
    const next = tables
      .selectFrom('command as waiting')
      .distinctOn('waiting.device_id')
      .select('waiting.id')
      .where('waiting.device_id', '=', sql<string>`any(${deviceIds}::text[])`)
      .where('waiting.status', '=', 'queued')
      .where('waiting.deadline', '>', sql<number>`${now}`)
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('command as held')
              .select('held.id')
              .whereRef('held.device_id', '=', 'waiting.device_id')
              .where('held.status', 'in', ['sent', 'accepted']),
          ),
        ),
      )
      .orderBy('waiting.device_id')
      .orderBy('waiting.seq');
    const claimed = await tables
      .updateTable('command')
      .set({ status: 'sent', sent_at: now, node_id: nodeId })
      .where('id', 'in', next)
      .where('status', '=', 'queued')
      .returningAll()
      .execute();
    await outbox.publish(tx, claimed.map(changeOf));
    return claimed;
  });
  if (rows.length > 0) outbox.wake();
  return rows;
}

/** Devices of this node that have a command queued and none in hand. */
export async function devicesWaitingHere(db: Db, nodeId: string): Promise<readonly string[]> {
  const { rows } = await sql<{ device_id: string }>`
    select distinct command.device_id from command
    join device_session as session on session.device_id = command.device_id
    where command.status = 'queued' and session.node_id = ${nodeId} and session.is_connected
      and not exists (select from command as held
        where held.device_id = command.device_id and held.status in ('sent', 'accepted'))
    limit ${MAX_WAITING}`.execute(db);
  return rows.map((row) => row.device_id);
}
