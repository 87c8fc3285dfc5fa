import type { ServiceRequest } from '#contracts/service-requests.ts';
import { isoTime, isoTimeOrNull } from '#contracts/time.ts';
import { missingFields } from './core/required-fields.ts';
import type { RequestRow } from './tables.ts';

/** Names of what confirming the request still needs. */
export function missingOf(row: RequestRow): string[] {
  return missingFields(row.type, {
    customerName: row.customer_name,
    'contact.name': row.contact_name,
    'contact.phone': row.contact_phone,
    symptom: row.symptom,
    model: row.model,
    serial: row.serial,
    quantity: row.quantity,
    place: row.place,
    occurredAt: row.occurred_at,
    expectedAt: row.expected_at,
  });
}

export function toServiceRequest(row: RequestRow): ServiceRequest {
  return {
    id: row.id,
    number: row.number,
    version: row.version,
    status: row.status,
    type: row.type,
    channel: row.channel,
    ticketId: row.ticket_id,
    unitId: row.unit_id,
    deviceId: row.device_id,
    component: row.component,
    serial: row.serial,
    model: row.model,
    quantity: row.quantity,
    contact: { name: row.contact_name, phone: row.contact_phone },
    customerName: row.customer_name,
    contractNo: row.contract_no,
    symptom: row.symptom,
    place: row.place,
    occurredAt: isoTimeOrNull(row.occurred_at),
    expectedAt: isoTimeOrNull(row.expected_at),
    notes: row.notes,
    answer: row.answer,
    readBackAt: isoTimeOrNull(row.read_back_at),
    readBackBy: row.read_back_by,
    identityVerified: row.identity_verified,
    receivedAt: isoTime(row.received_at),
    missing: missingOf(row),
  };
}
