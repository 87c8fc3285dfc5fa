import { familyOfCode, findDeviceModel } from '#contracts/device-models.ts';
import { UNSPECIFIED_FAMILY, unmappedFamily } from '#contracts/faults.ts';
import type { NewServiceRequest, RequestType } from '#contracts/service-requests.ts';
import type { TicketCategory } from '#contracts/tickets.ts';
import { type Instant, instantMs } from '#contracts/time.ts';
import type { Unit } from '#contracts/units.ts';
import type { Actor } from '#platform/auth/actor.ts';
import type { Tx } from '#platform/db/db.ts';
import { invalidField } from '#platform/errors.ts';
import { newId } from '#platform/ids.ts';
import { findContactByPhone } from '../customers/index.ts';
import { acknowledgeTicket, reportByPerson, type TicketDeps } from '../tickets/index.ts';
import { findUnit, lockUnits, type UnitCard, unitCard, unitOfDevice, unitOfSerial } from '../units/index.ts';
import type { RequestRow, RequestTables } from './tables.ts';

/** Category of a request's ticket (requirement C3); a fault's comes from its family. */
const CATEGORY_OF: Readonly<Record<RequestType, TicketCategory | null>> = {
  fault: null,
  consultation: 'technical_consultation',
  complaint: 'technical_consultation',
  maintenance: 'preventive_maintenance',
  installation: 'preventive_maintenance',
  parts: 'spare_part_replacement',
};

/** Channels on which a person of ours talks to the caller while the request is taken. */
const LIVE_CHANNELS: readonly string[] = ['phone', 'chat', 'onsite', 'named_contact'];

interface Arrival {
  readonly actor: Actor;
  readonly body: NewServiceRequest;
}

/**
 * Takes a request down and, unless it is only a draft, gives it its ticket: that of the same fault where there is
 * one. What the register knows of the unit fills the gaps.
 */
export async function receiveRequest(
  deps: TicketDeps,
  tx: Tx,
  { actor, body }: Arrival,
): Promise<RequestRow> {
  const unit = await findReportedUnit(tx, body);
  if (unit !== undefined) await lockUnits(tx, [unit.id]);
  const card = unit === undefined ? undefined : await unitCard(tx, unit.id);
  const draft = await insertRequest(deps, tx, { body, card });
  await deps.audit.record(tx, {
    actor,
    action: 'service_request.receive',
    entity: 'service_request',
    entityId: draft.id,
    fields: { channel: { to: draft.channel }, type: { to: draft.type }, unitId: { to: draft.unit_id } },
  });
  const row = draft.status === 'draft' ? draft : await giveTicket(deps, tx, { request: draft, actor });
  await deps.outbox.publish(tx, [
    {
      type: 'service_request.received',
      data: { requestId: row.id, ticketId: row.ticket_id, channel: row.channel },
    },
  ]);
  return row;
}

async function findReportedUnit(tx: Tx, body: NewServiceRequest): Promise<Unit | undefined> {
  if (body.unitId !== undefined) {
    const unit = await findUnit(tx, body.unitId);
    if (unit === undefined)
      throw invalidField('SERVICE_REQUEST_UNIT_UNKNOWN', 'unitId', `no unit ${body.unitId}`);
    return unit;
  }
  if (body.deviceId !== undefined) {
    const unit = await unitOfDevice(tx, body.deviceId);
    if (unit === undefined) {
      throw invalidField('SERVICE_REQUEST_DEVICE_UNKNOWN', 'deviceId', `no device ${body.deviceId}`);
    }
    return unit;
  }
  return body.serial === undefined ? undefined : unitOfSerial(tx, body.serial);
}

async function insertRequest(
  { clock }: TicketDeps,
  tx: Tx,
  { body, card }: { readonly body: NewServiceRequest; readonly card: UnitCard | undefined },
): Promise<RequestRow> {
  return tx
    .withTables<RequestTables>()
    .insertInto('service_request')
    .values({
      id: newId(),
      status: body.draft === true ? 'draft' : 'received',
      type: body.type ?? 'fault',
      channel: body.channel,
      ticket_id: null,
      unit_id: card?.unit.id ?? null,
      device_id: body.deviceId ?? card?.unit.deviceIds[0] ?? null,
      component: body.component ?? '',
      fault_code: body.faultCode ?? null,
      fault_family: familyOf(body, card?.unit.model),
      ...tellingsOf(body, card),
      answer: null,
      read_back_by: null,
      identity_verified: await isKnownCaller(tx, body.contact?.phone, card),
      received_at: new Date(clock.nowMs()),
    })
    .returningAll()
    .executeTakeFirstOrThrow();
}

function tellingsOf(body: NewServiceRequest, card: UnitCard | undefined) {
  const date = (instant: Instant | undefined) =>
    instant === undefined ? null : new Date(instantMs(instant));
  return {
    serial: card?.unit.serial ?? body.serial ?? null,
    model: card?.unit.model ?? body.model ?? null,
    quantity: body.quantity ?? (card === undefined ? null : 1),
    contact_name: body.contact?.name ?? null,
    contact_phone: body.contact?.phone ?? null,
    customer_name: body.customerName ?? card?.customer?.name ?? null,
    contract_no: body.contractNo ?? null,
    symptom: body.symptom ?? null,
    place: body.place ?? card?.site?.address ?? null,
    occurred_at: date(body.occurredAt),
    expected_at: date(body.expectedAt),
    notes: body.notes ?? null,
  };
}

function familyOf(body: NewServiceRequest, modelId: string | undefined): string {
  if (body.faultFamily !== undefined) return body.faultFamily;
  if (body.faultCode === undefined) return UNSPECIFIED_FAMILY;
  const model = modelId === undefined ? undefined : findDeviceModel(modelId);
  const family = model === undefined ? unmappedFamily(body.faultCode) : familyOfCode(model, body.faultCode);
  return family === 'state' ? UNSPECIFIED_FAMILY : family;
}

/** Whether the number belongs to the customer whose unit it is about (requirement A5). */
async function isKnownCaller(
  tx: Tx,
  phone: string | undefined,
  card: UnitCard | undefined,
): Promise<boolean> {
  if (phone === undefined || card?.customer === undefined || card.customer === null) return false;
  return (await findContactByPhone(tx, phone))?.customerId === card.customer.id;
}

/** Opens or finds the request's ticket, and holds both together. */
export async function giveTicket(
  deps: TicketDeps,
  tx: Tx,
  { request, actor }: { readonly request: RequestRow; readonly actor: Actor },
): Promise<RequestRow> {
  const nowMs = deps.clock.nowMs();
  const words = request.symptom ?? '';
  const ticket = await reportByPerson(deps, tx, {
    requestId: request.id,
    unitId: request.unit_id,
    deviceId: request.device_id,
    component: request.component,
    source: request.channel,
    category: CATEGORY_OF[request.type],
    faultFamily: request.fault_family,
    faultCode: request.fault_code,
    summary: { 'zh-CN': words, en: words },
    atMs: nowMs,
    actor,
  });
  if (actor.type === 'user' && LIVE_CHANNELS.includes(request.channel)) {
    await acknowledgeTicket(deps, tx, { ticketId: ticket.id, atMs: nowMs });
  }
  return tx
    .withTables<RequestTables>()
    .updateTable('service_request')
    .set({ ticket_id: ticket.id })
    .where('id', '=', request.id)
    .returningAll()
    .executeTakeFirstOrThrow();
}
