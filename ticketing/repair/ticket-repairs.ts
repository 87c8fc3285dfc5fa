import type { Db, Tx } from '#platform/db/db.ts';
import type { TicketRepairs } from '../tickets/index.ts';
import { beginRun } from './begin-run.ts';
import { abortRun } from './end-run.ts';
import type { RunDeps } from './ports.ts';
import { remoteOfTicket } from './remote-views.ts';
import { wakeRuns } from './run-records.ts';
import type { RepairTables } from './tables.ts';

/** Remote repair as tickets know it. `deps` is asked for at each use: tickets hold this and it needs tickets. */
export function createTicketRepairs(deps: () => RunDeps): TicketRepairs {
  return {
    begin: (tx, ticket) => beginRun(deps(), tx, ticket),
    abort: async (tx, end) => void (await abortRun(deps(), tx, end)),
    returned: (tx, ticketIds) => wakeRuns(tx, ticketIds, deps().clock.nowMs()),
    isWatched,
    ofTicket: remoteOfTicket,
  };
}

async function isWatched(db: Db | Tx, ticketId: string): Promise<boolean> {
  const row = await db
    .withTables<RepairTables>()
    .selectFrom('verification')
    .select('id')
    .where('ticket_id', '=', ticketId)
    .where('run_id', 'is not', null)
    .where('state', '=', 'pending')
    .executeTakeFirst();
  return row !== undefined;
}
