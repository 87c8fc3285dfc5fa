import { COMMAND_ENDS, type CommandStatus } from '#contracts/commands.ts';
import type { DomainEvent } from '#contracts/events.ts';
import type { Clock } from '#platform/clock.ts';
import type { Tx } from '#platform/db/db.ts';
import type { Consumer } from '#platform/outbox/outbox.ts';
import type { RepairTables } from './tables.ts';

/** What an attempt may be heard of after each status: word that comes twice or too late changes nothing. */
const FORMER: readonly CommandStatus[] = ['queued', 'sent', 'accepted'];

/** Notes on the attempts what became of their commands; the runs' next moves are due at once then. */
export function createCommandConsumer({ clock }: { readonly clock: Clock }): Consumer {
  return {
    name: 'repair',
    events: ['command.changed'],
    limit: 200,
    handle: async (tx, events) => {
      const ours = events.filter(isOfTicket);
      if (ours.length === 0) return;
      const runIds = await lockRunsOf(
        tx,
        ours.map(({ data }) => data.commandId),
      );
      for (const event of ours) await noteStatus(tx, event);
      await wake(tx, runIds, clock.nowMs());
    },
  };
}

function isOfTicket(event: DomainEvent): event is DomainEvent<'command.changed'> {
  return event.type === 'command.changed' && 'ticketId' in event.data && event.data.ticketId !== null;
}

/** Runs are taken before their attempts, by everybody. */
async function lockRunsOf(tx: Tx, commandIds: readonly string[]): Promise<string[]> {
  const repair = tx.withTables<RepairTables>();
  const rows = await repair
    .selectFrom('repair_run')
    .select('id')
    .where(
      'id',
      'in',
      repair
        .selectFrom('repair_attempt')
        .select('run_id')
        .where('command_id', 'in', [...commandIds]),
    )
    .orderBy('id')
    .forUpdate()
    .execute();
  return rows.map(({ id }) => id);
}

async function noteStatus(tx: Tx, { data, at }: DomainEvent<'command.changed'>): Promise<void> {
  const { commandId, status, detail } = data;
  const former = COMMAND_ENDS.has(status) ? FORMER : FORMER.slice(0, FORMER.indexOf(status));
  if (former.length === 0) return;
  await tx
    .withTables<RepairTables>()
    .updateTable('repair_attempt')
    .set({ command_status: status, detail, changed_at: new Date(at) })
    .where('command_id', '=', commandId)
    .where('command_status', 'in', [...former])
    .execute();
}

async function wake(tx: Tx, runIds: readonly string[], nowMs: number): Promise<void> {
  if (runIds.length === 0) return;
  await tx
    .withTables<RepairTables>()
    .updateTable('repair_run')
    .set({ due_at: new Date(nowMs) })
    .where('id', 'in', [...runIds])
    .where('status', '=', 'running')
    .execute();
}
