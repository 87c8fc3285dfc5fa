import { type SqlBool, sql } from 'kysely';
import type { Clock } from '#platform/clock.ts';
import type { Db, Tx } from '#platform/db/db.ts';
import type { Jobs } from '#platform/jobs/jobs.ts';
import type { Outbox } from '#platform/outbox/outbox.ts';
import { breachEvent } from './clocks.ts';
import type { SlaTables } from './tables.ts';

export interface SlaDeps {
  readonly db: Db;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly jobs: Jobs;
}

const SWEEP_MS = 30_000;
const AHEAD_MS = 60_000;
const SWEEP_LIMIT = 1_000;

/** Fires what is past due among these clocks (all, where none is named), each once, at its due instant. */
export async function fireDueClocks(deps: SlaDeps, clockId?: string): Promise<number> {
  const fired = await deps.db.transaction().execute((tx) => fire(deps, tx, clockId));
  if (fired > 0) deps.outbox.wake();
  return fired;
}

async function fire({ outbox, clock }: SlaDeps, tx: Tx, clockId: string | undefined): Promise<number> {
  const clocks = tx.withTables<SlaTables>();
  const overdue = clocks
    .selectFrom('sla_clock')
    .select('id')
    .where('stopped_at', 'is', null)
    .where('withdrawn_at', 'is', null)
    .where('fired_at', 'is', null)
    .where(sql<SqlBool>`due_at < ${new Date(clock.nowMs())}`)
    .$if(clockId !== undefined, (query) => query.where('id', '=', clockId ?? ''))
    .orderBy('id')
    .limit(SWEEP_LIMIT)
    .forUpdate()
    .skipLocked();
  const rows = await clocks
    .updateTable('sla_clock')
    .set({ fired_at: sql<Date>`due_at`, met: false })
    .where('id', 'in', overdue)
    .where('fired_at', 'is', null)
    .returningAll()
    .execute();
  await outbox.publish(tx, rows.map(breachEvent));
  return rows.length;
}

/** Fires what was missed and orders a wake-up at the instant for what is due within a minute. */
export async function sweepClocks(deps: SlaDeps): Promise<void> {
  while ((await fireDueClocks(deps)) === SWEEP_LIMIT);
  const soon = await deps.db
    .withTables<SlaTables>()
    .selectFrom('sla_clock')
    .select(['id', 'due_at'])
    .where('stopped_at', 'is', null)
    .where('withdrawn_at', 'is', null)
    .where('fired_at', 'is', null)
    .where(sql<SqlBool>`due_at < ${new Date(deps.clock.nowMs() + AHEAD_MS)}`)
    .execute();
  for (const { id, due_at } of soon) {
    await deps.jobs.enqueue('sla.fire', { clockId: id }, { id: `sla-${id}`, atMs: due_at + 1 });
  }
}

/** Names the job that fires one clock and the sweep behind it; before `jobs.start`. */
export function defineSlaJobs(deps: SlaDeps): void {
  deps.jobs.define<{ clockId: string }>('sla.fire', async ({ clockId }) => {
    await fireDueClocks(deps, clockId);
  });
  deps.jobs.every('sla.sweep', SWEEP_MS, () => sweepClocks(deps));
}
