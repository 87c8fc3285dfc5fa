import type { WorkOrderFacts } from '../core/work-order-machine.ts';
import type { ConsentRecord, SignatureRecord, TestRecord, WorkOrderChange, WorkOrderRow } from './tables.ts';

/** What an order would look like with the change made, as its guards see it. */
export function orderFacts(
  order: WorkOrderRow,
  change: WorkOrderChange,
  given: { readonly reason: string | null; readonly by: string },
): WorkOrderFacts {
  const after = { ...order, ...change };
  const consent = read<ConsentRecord>(after.consent);
  const appointment = read<{ fromMs: number }>(after.appointment);
  return {
    technicianId: after.technician_id ?? null,
    hasPlan: order.plan !== null || order.plan_id !== null,
    isEmergency: order.is_emergency,
    reason: given.reason,
    etaAtMs: after.eta_at === null || after.eta_at === undefined ? null : Number(after.eta_at),
    symptomConfirmed: after.symptom_confirmed === true,
    appointmentFromMs: appointment?.fromMs ?? null,
    confirmedCause: after.confirmed_cause ?? null,
    isPlannedWork: order.kind !== 'repair',
    consent: consentOf(consent, order.needs_consent),
    consentAnswer: consent?.agreed ?? null,
    testPassed: read<TestRecord>(after.test)?.passed ?? null,
    signature: signatureState(read<SignatureRecord>(after.signature)),
    reviewerIsAuthor: order.submitted_by === given.by,
  };
}

/** A json column as it is stored, or as a change is about to store it. */
function read<T>(column: T | string | null | undefined): T | null {
  return typeof column === 'string' ? (JSON.parse(column) as T) : (column ?? null);
}

function consentOf(consent: ConsentRecord | null, isNeeded: boolean): WorkOrderFacts['consent'] {
  if (consent === null) return isNeeded ? 'needed' : 'not_needed';
  if (consent.agreed === null) return 'needed';
  return consent.agreed ? 'given' : 'refused';
}

const filled = (text: string | null | undefined) => text !== null && text !== undefined && text.trim() !== '';

function signatureState(signature: SignatureRecord | null): WorkOrderFacts['signature'] {
  if (signature === null) return 'missing';
  if (filled(signature.refusedReason)) return 'refused';
  return filled(signature.name) && filled(signature.strokes) ? 'signed' : 'missing';
}
