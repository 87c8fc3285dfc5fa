import type { ServiceRequestChange } from '#contracts/service-requests.ts';
import { type Instant, instantMs } from '#contracts/time.ts';
import { type Actor, actorId } from '#platform/auth/actor.ts';
import type { Tx } from '#platform/db/db.ts';
import { AftercareError, notFound } from '#platform/errors.ts';
import { SERVICE_REQUEST_MACHINE, type ServiceRequestAction } from '../core/service-request-machine.ts';
import { move } from '../core/state-machine.ts';
import { enforceMove } from '../enforce-move.ts';
import { confirmReport, lockTicket, moveTicket, type TicketDeps } from '../tickets/index.ts';
import { lockUnits } from '../units/index.ts';
import { giveTicket } from './receive-request.ts';
import { missingOf } from './request-views.ts';
import type { RequestChange, RequestRow, RequestTables } from './tables.ts';

interface Act {
  readonly request: RequestRow;
  readonly actor: Actor;
}

/** A request, held with its unit. */
export async function lockRequest(tx: Tx, id: string): Promise<RequestRow> {
  const requests = tx.withTables<RequestTables>().selectFrom('service_request').where('id', '=', id);
  const peek = await requests.select('unit_id').executeTakeFirst();
  if (peek?.unit_id !== undefined && peek.unit_id !== null) await lockUnits(tx, [peek.unit_id]);
  const row = await requests.selectAll().forUpdate().executeTakeFirst();
  if (row === undefined) throw notFound('service_request', id);
  return row;
}

function enforce(request: RequestRow, action: ServiceRequestAction, answer: string | null) {
  const missing = missingOf(request);
  const facts = {
    missing,
    readBack: request.read_back_at !== null,
    isConsultation: request.type === 'consultation',
    answer,
  };
  const at = { id: request.number, state: request.status, action };
  const result = move(SERVICE_REQUEST_MACHINE, at, facts);
  if (result.outcome === 'guarded' && result.failure.code === 'SERVICE_REQUEST_INCOMPLETE') {
    throw new AftercareError(result.failure.code, result.failure.message, {
      kind: 'invalid',
      fields: missing.map((field) => ({ field, message: 'required before the request is confirmed' })),
    });
  }
  return enforceMove(SERVICE_REQUEST_MACHINE, at, facts);
}

async function update(
  deps: TicketDeps,
  tx: Tx,
  { request, actor, ...rest }: Act & { readonly action: string; readonly change: RequestChange },
): Promise<RequestRow> {
  const row = await tx
    .withTables<RequestTables>()
    .updateTable('service_request')
    .set({ ...rest.change, version: request.version + 1 })
    .where('id', '=', request.id)
    .returningAll()
    .executeTakeFirstOrThrow();
  const personal = ['contact_name', 'contact_phone', 'customer_name', 'place'];
  const changed = Object.keys(rest.change) as (keyof RequestRow)[];
  await deps.audit.record(tx, {
    actor,
    action: `service_request.${rest.action}`,
    entity: 'service_request',
    entityId: request.id,
    fields: Object.fromEntries(changed.map((name) => [name, { from: request[name], to: row[name] }])),
    personal: changed.filter((name) => personal.includes(name)),
  });
  return row;
}

/** 409 naming what is missing; a draft gets its ticket now. */
export async function confirmRequest(deps: TicketDeps, tx: Tx, { request, actor }: Act): Promise<RequestRow> {
  const status = enforce(request, 'confirm', null);
  const ticketed = request.ticket_id === null ? await giveTicket(deps, tx, { request, actor }) : request;
  const row = await update(deps, tx, { request: ticketed, actor, action: 'confirm', change: { status } });
  if (row.ticket_id !== null) await confirmReport(deps, tx, { ticketId: row.ticket_id, actor });
  return row;
}

/** The caller has heard the record read back and agreed to it (requirement A4). */
export async function readBackRequest(
  deps: TicketDeps,
  tx: Tx,
  { request, actor }: Act,
): Promise<RequestRow> {
  const change = { read_back_at: new Date(deps.clock.nowMs()), read_back_by: actorId(actor) };
  return update(deps, tx, { request, actor, action: 'read_back', change });
}

/** Answers a consultation and closes its ticket: no work follows (requirement A6). */
export async function answerRequest(
  deps: TicketDeps,
  tx: Tx,
  { request, actor, text }: Act & { readonly text: string },
): Promise<RequestRow> {
  const status = enforce(request, 'answer', text);
  const ticketed = request.ticket_id === null ? await giveTicket(deps, tx, { request, actor }) : request;
  const row = await update(deps, tx, {
    request: ticketed,
    actor,
    action: 'answer',
    change: { status, answer: text },
  });
  const ticket = row.ticket_id === null ? undefined : await lockTicket(tx, row.ticket_id);
  if (ticket === undefined || ticket.status !== 'open') return row;
  const resolved = await moveTicket(deps, tx, { ticket, action: 'resolve', actor, resolution: 'answered' });
  await moveTicket(deps, tx, { ticket: resolved, action: 'close', actor });
  return row;
}

/** Fills in what was missing; what was read back is read back anew. */
export async function changeRequest(
  deps: TicketDeps,
  tx: Tx,
  { request, actor, body }: Act & { readonly body: ServiceRequestChange },
): Promise<RequestRow> {
  if (request.status === 'confirmed' || request.status === 'answered') {
    throw new AftercareError(
      'SERVICE_REQUEST_FROZEN',
      `service request ${request.number} is ${request.status} and no longer changes`,
      { kind: 'conflict', allowed: [] },
    );
  }
  const change = { ...changeOf(body), read_back_at: null, read_back_by: null };
  return update(deps, tx, { request, actor, action: 'change', change });
}

function changeOf(body: ServiceRequestChange): RequestChange {
  const date = (instant: Instant | undefined) =>
    instant === undefined ? undefined : new Date(instantMs(instant));
  const columns: Readonly<Record<string, unknown>> = {
    contact_name: body.contact?.name,
    contact_phone: body.contact?.phone,
    symptom: body.symptom,
    customer_name: body.customerName,
    contract_no: body.contractNo,
    model: body.model,
    serial: body.serial,
    quantity: body.quantity,
    place: body.place,
    occurred_at: date(body.occurredAt),
    expected_at: date(body.expectedAt),
    notes: body.notes,
  };
  return Object.fromEntries(Object.entries(columns).filter(([, value]) => value !== undefined));
}
