import type { SlaClock } from '#contracts/sla.ts';
import { isoTime, isoTimeOrNull } from '#contracts/time.ts';
import type { Db, Tx } from '#platform/db/db.ts';
import { newId } from '#platform/ids.ts';
import type { Outbox } from '#platform/outbox/outbox.ts';
import { dueAtMs, isBreached, type RunningClockKind, SLA_POLICIES, stop } from './core/clock.ts';
import type { ClockRow, SlaTables } from './tables.ts';

/** What a clock hangs on; an order's clock also names its ticket, where there is one. */
export interface ClockSubject {
  readonly ticketId: string | null;
  readonly workOrderId: string | null;
}

export interface ClockStart extends ClockSubject {
  readonly kind: RunningClockKind;
  readonly startedAtMs: number;
}

/** Starts promises under the policy now in force. */
export async function startClocks(tx: Tx, starts: readonly ClockStart[]): Promise<void> {
  if (starts.length === 0) return;
  const rows = starts.map(({ kind, ticketId, workOrderId, startedAtMs }) => ({
    id: newId(),
    kind,
    ticket_id: ticketId,
    work_order_id: workOrderId,
    started_at: new Date(startedAtMs),
    due_at: new Date(dueAtMs(startedAtMs, SLA_POLICIES[kind])),
    policy: JSON.stringify(SLA_POLICIES[kind]),
  }));
  await tx.withTables<SlaTables>().insertInto('sla_clock').values(rows).execute();
}

/** Which running clocks are meant: by order where given, else the ticket's own (not those of its orders). */
export interface ClockSelection {
  readonly kinds: readonly RunningClockKind[];
  readonly on: { readonly ticketId: string } | { readonly workOrderId: string };
}

async function lockRunning(tx: Tx, { kinds, on }: ClockSelection): Promise<ClockRow[]> {
  const running = tx
    .withTables<SlaTables>()
    .selectFrom('sla_clock')
    .selectAll()
    .where('kind', 'in', [...kinds])
    .where('stopped_at', 'is', null)
    .where('withdrawn_at', 'is', null);
  const mine =
    'workOrderId' in on
      ? running.where('work_order_id', '=', on.workOrderId)
      : running.where('ticket_id', '=', on.ticketId).where('work_order_id', 'is', null);
  return mine.orderBy('id').forUpdate().execute();
}

/**
 * Stops running clocks at the instant the promised thing happened (`atMs`, which may lie before now) and decides
 * whether they were kept. A breach nobody had noticed yet fires here, at its due instant.
 */
export async function stopClocks(
  { outbox, nowMs }: { readonly outbox: Outbox; readonly nowMs: number },
  tx: Tx,
  { atMs, ...selection }: ClockSelection & { readonly atMs: number },
): Promise<void> {
  for (const clock of await lockRunning(tx, selection)) {
    const verdict = stop({ dueAtMs: clock.due_at, firedAtMs: clock.fired_at }, atMs);
    const firedAt = clock.fired_at ?? (verdict === 'breached' ? clock.due_at : null);
    await tx
      .withTables<SlaTables>()
      .updateTable('sla_clock')
      .set({
        stopped_at: new Date(atMs),
        met: verdict === 'met' || verdict === 'amended',
        fired_at: firedAt === null ? null : new Date(firedAt),
        ...(verdict === 'amended' ? { amended_at: new Date(nowMs) } : {}),
      })
      .where('id', '=', clock.id)
      .execute();
    if (verdict === 'breached') await outbox.publish(tx, [breachEvent(clock)]);
  }
}

/**
 * Ends running clocks whose promise lapsed (an order declined, a ticket cancelled): neither kept nor broken, unless
 * it was broken before.
 */
export async function withdrawClocks(
  { outbox }: { readonly outbox: Outbox },
  tx: Tx,
  { atMs, ...selection }: ClockSelection & { readonly atMs: number },
): Promise<void> {
  for (const clock of await lockRunning(tx, selection)) {
    const isBroken = clock.fired_at !== null || isBreached({ dueAtMs: clock.due_at }, atMs);
    await tx
      .withTables<SlaTables>()
      .updateTable('sla_clock')
      .set(
        isBroken
          ? { stopped_at: new Date(atMs), met: false, fired_at: new Date(clock.due_at) }
          : { withdrawn_at: new Date(atMs) },
      )
      .where('id', '=', clock.id)
      .execute();
    if (isBroken && clock.fired_at === null) await outbox.publish(tx, [breachEvent(clock)]);
  }
}

export function breachEvent(clock: ClockRow) {
  return {
    type: 'sla.breached',
    data: {
      clockId: clock.id,
      kind: clock.kind,
      ticketId: clock.ticket_id,
      workOrderId: clock.work_order_id,
      dueAtMs: clock.due_at,
    },
  } as const;
}

/** All clocks of a ticket with its orders, or of one order, by start. Withdrawn ones are left out. */
export async function clocksOf(
  db: Db | Tx,
  on: { readonly ticketId: string } | { readonly workOrderId: string },
): Promise<SlaClock[]> {
  const all = db
    .withTables<SlaTables>()
    .selectFrom('sla_clock')
    .selectAll()
    .where('withdrawn_at', 'is', null);
  const mine =
    'workOrderId' in on
      ? all.where('work_order_id', '=', on.workOrderId)
      : all.where('ticket_id', '=', on.ticketId);
  return (await mine.orderBy('started_at').orderBy('id').execute()).map(toClock);
}

function toClock(row: ClockRow): SlaClock {
  return {
    id: row.id,
    kind: row.kind,
    ticketId: row.ticket_id,
    workOrderId: row.work_order_id,
    startedAt: isoTime(row.started_at),
    dueAt: isoTime(row.due_at),
    stoppedAt: isoTimeOrNull(row.stopped_at),
    breachedAt: isoTimeOrNull(row.fired_at),
    amendedAt: isoTimeOrNull(row.amended_at),
    met: row.met,
    policy: row.policy,
  };
}
