import { type SqlBool, sql } from 'kysely';
import { mayDo } from '#contracts/permissions.ts';
import { type Actor, partnerCentreId } from '#platform/auth/actor.ts';
import { AftercareError } from '#platform/errors.ts';
import type { WorkOrderRow } from './tables.ts';

const NOBODY = '00000000-0000-0000-0000-000000000000';

/** Whether the actor is confined to their own orders: only being a technician lets them perform any. */
function ownOrdersOnly(actor: Actor): boolean {
  if (actor.type === 'system') return false;
  const others = actor.roles.filter((role) => role !== 'technician');
  return others.length < actor.roles.length && !mayDo(others, 'work_orders:perform');
}

/** What of the orders the actor may see: a technician theirs, a partner's people those of their centre. */
export function ordersInScope(actor: Actor) {
  const conditions = [];
  const partner = partnerCentreId(actor);
  if (partner !== null) conditions.push(sql<SqlBool>`centre_id = ${partner}`);
  if (actor.type === 'user' && ownOrdersOnly(actor)) {
    const own = actor.technicianId ?? NOBODY;
    conditions.push(sql<SqlBool>`(technician_id = ${own} or assistant_ids @> array[${own}::uuid])`);
  }
  return conditions;
}

type Scoped = Pick<WorkOrderRow, 'number' | 'technician_id' | 'assistant_ids' | 'centre_id'>;

/** 403 where somebody reaches for an order that is not theirs to see. */
export function requireVisibleOrder(actor: Actor, order: Scoped): void {
  requireCentre(actor, order);
  if (actor.type === 'system' || !ownOrdersOnly(actor) || isOwn(actor, order)) return;
  if (actor.technicianId !== null && order.assistant_ids.includes(actor.technicianId)) return;
  throw notYours(order);
}

/** 403 where somebody reaches for an order that is not theirs to move: whoever assists only looks and notes. */
export function requireOwnOrder(actor: Actor, order: Scoped): void {
  requireCentre(actor, order);
  if (actor.type === 'system' || !ownOrdersOnly(actor) || isOwn(actor, order)) return;
  throw notYours(order);
}

function requireCentre(actor: Actor, order: Scoped): void {
  const partner = partnerCentreId(actor);
  if (partner !== null && order.centre_id !== partner) throw notYours(order);
}

function isOwn(actor: Actor & { type: 'user' }, order: Scoped): boolean {
  return actor.technicianId !== null && actor.technicianId === order.technician_id;
}

function notYours({ number }: Scoped): AftercareError {
  return new AftercareError('WORK_ORDER_NOT_YOURS', `work order ${number} is not assigned to you`, {
    kind: 'forbidden',
  });
}
