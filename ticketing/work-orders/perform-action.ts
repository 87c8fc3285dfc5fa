import { type Instant, instantMs } from '#contracts/time.ts';
import { type Actor, actorId, partnerCentreId, requirePermission } from '#platform/auth/actor.ts';
import type { Tx } from '#platform/db/db.ts';
import { AftercareError, invalidField, notFound } from '#platform/errors.ts';
import { allowedActions } from '../core/state-machine.ts';
import { WORK_ORDER_MACHINE } from '../core/work-order-machine.ts';
import { illegalAction } from '../enforce-move.ts';
import { requireDispatchData } from './dispatch-data.ts';
import { logOrder, moveOrder } from './move-order.ts';
import { ORDER_ACTIONS } from './order-actions.ts';
import { requireOwnOrder, requireVisibleOrder } from './order-scope.ts';
import type { WorkOrderDeps } from './ports.ts';
import { requireSendable, requireStillCertified } from './require-sendable.ts';
import type { PartLineRecord, WorkOrderChange, WorkOrderRow, WorkOrderTables } from './tables.ts';
import { lockOrder } from './ticket-orders.ts';

/** What every action may bring beside its own data. */
export interface ActionBody {
  readonly occurredAt?: Instant;
  readonly text?: string;
  readonly reason?: string;
  readonly parts?: readonly PartLineRecord[];
  readonly technicianId?: string;
  readonly passed?: boolean;
}

const FUTURE_TOLERANCE_MS = 60_000;

/** One action by a person on an order: permission, own orders only, plausible time, data, guards, consequences. */
export async function performAction(
  deps: WorkOrderDeps,
  actor: Actor,
  request: { readonly id: string; readonly action: keyof typeof ORDER_ACTIONS; readonly body: ActionBody },
): Promise<WorkOrderRow> {
  const { id, action, body } = request;
  const definition = ORDER_ACTIONS[action];
  requirePermission(actor, definition.permission);
  const row = await deps.db.transaction().execute(async (tx) => {
    const order = await reachOrder(tx, { id, actor });
    requireOwnOrder(actor, order);
    if (action === 'cancel') requireMayCancel(actor);
    const atMs = occurredAtMs(deps, order, body.occurredAt);
    const sent = await requireSent(deps, tx, { order, actor, request });
    const change = { ...definition.change({ order, body, by: actorId(actor), atMs }), ...sent };
    return moveOrder(deps, tx, {
      order,
      action: action === 'test' && body.passed === false ? 'fail-test' : action,
      change,
      actor,
      atMs,
      reason: body.reason ?? null,
      text: body.text ?? null,
      parts: body.parts ?? [],
    });
  });
  deps.outbox.wake();
  return row;
}

async function reachOrder(
  tx: Tx,
  { id, actor }: { readonly id: string; readonly actor: Actor },
): Promise<WorkOrderRow> {
  const order = await lockOrder(tx, id);
  if (order === undefined) throw notFound('work_order', id);
  requireVisibleOrder(actor, order);
  return order;
}

/** What a partner was given it hands back, by withdrawing it; whether the work is wanted at all is ours to say. */
function requireMayCancel(actor: Actor): void {
  if (partnerCentreId(actor) === null) return;
  throw new AftercareError(
    'WORK_ORDER_CANCEL_NOT_YOURS',
    'a partner cannot cancel work that it was given: withdraw or decline it',
    { kind: 'forbidden' },
  );
}

const SENDS: ReadonlySet<string> = new Set(['assign', 'reassign', 'accept']);
/** What brings the technician an order has to the site: their certificate may have lapsed since they were sent. */
const GOES: ReadonlySet<string> = new Set(['accept', 'depart', 'arrive']);

interface Sending {
  readonly order: WorkOrderRow;
  readonly actor: Actor;
  readonly request: { readonly action: string; readonly body: ActionBody };
}

/** Whoever is sent can be sent and has what they need; gives what sending them says of the order. */
async function requireSent(
  deps: WorkOrderDeps,
  tx: Tx,
  { order, actor, request: { action, body } }: Sending,
): Promise<WorkOrderChange> {
  if (SENDS.has(action)) await requireDispatchData(tx, order);
  const { technicianId } = body;
  if (GOES.has(action)) await requireStillCertified(deps, tx, order);
  if (technicianId === undefined) return {};
  if (technicianId === order.technician_id) {
    throw invalidField('WORK_ORDER_TECHNICIAN_SAME', 'technicianId', 'has this order already');
  }
  const { centre } = await requireSendable(deps, tx, { actor, order, technicianId });
  return { centre_id: centre?.id ?? null };
}

/** When it happened: now, or where told, not in the future and not before the order's previous step. */
function occurredAtMs(
  { clock }: WorkOrderDeps,
  order: WorkOrderRow,
  occurredAt: Instant | undefined,
): number {
  const nowMs = clock.nowMs();
  if (occurredAt === undefined) return Math.max(nowMs, order.last_step_at);
  return plausibleMs(occurredAt, { nowMs, notBeforeMs: order.last_step_at, what: 'the previous step' });
}

function plausibleMs(
  occurredAt: Instant,
  {
    nowMs,
    notBeforeMs,
    what,
  }: { readonly nowMs: number; readonly notBeforeMs: number; readonly what: string },
): number {
  const atMs = instantMs(occurredAt);
  if (atMs > nowMs + FUTURE_TOLERANCE_MS) {
    throw invalidField('WORK_ORDER_OCCURRED_AT_IMPLAUSIBLE', 'occurredAt', 'lies in the future');
  }
  if (atMs < notBeforeMs) {
    throw invalidField(
      'WORK_ORDER_OCCURRED_AT_IMPLAUSIBLE',
      'occurredAt',
      `lies before ${what} at ${new Date(notBeforeMs).toISOString()}`,
    );
  }
  return Math.min(atMs, nowMs);
}

/** Adds to the log of an unfinished order without moving it (requirement E9). */
export async function addLog(
  deps: WorkOrderDeps,
  actor: Actor,
  { id, body }: { readonly id: string; readonly body: ActionBody },
): Promise<WorkOrderRow> {
  requirePermission(actor, 'work_orders:perform');
  return deps.db.transaction().execute(async (tx) => {
    const order = await reachOrder(tx, { id, actor });
    const { number, status: state } = order;
    if (allowedActions(WORK_ORDER_MACHINE, state).length === 0) {
      throw illegalAction(WORK_ORDER_MACHINE, { id: number, state, action: 'log' });
    }
    const nowMs = deps.clock.nowMs();
    const opened = { nowMs, notBeforeMs: order.opened_at, what: 'the order was opened' };
    const atMs = body.occurredAt === undefined ? nowMs : plausibleMs(body.occurredAt, opened);
    if ((body.text ?? '') === '' && (body.parts ?? []).length === 0) {
      throw invalidField('WORK_ORDER_LOG_EMPTY', 'text', 'say what was done, or name parts');
    }
    const entry = { order, actor, atMs, text: body.text ?? null, parts: body.parts ?? [] };
    await logOrder(tx, { ...entry, action: 'log', loggedAtMs: nowMs });
    await deps.audit.record(tx, {
      actor,
      action: 'work_order.log',
      entity: 'work_order',
      entityId: id,
    });
    return bumpVersion(tx, id);
  });
}

async function bumpVersion(tx: Tx, id: string): Promise<WorkOrderRow> {
  return tx
    .withTables<WorkOrderTables>()
    .updateTable('work_order')
    .set((eb) => ({ version: eb('version', '+', 1) }))
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
}
