import type { RequestType } from '#contracts/service-requests.ts';

/** What can be asked for before a request is confirmed, as HTTP names it. */
export type RequestField =
  | 'customerName'
  | 'contact.name'
  | 'contact.phone'
  | 'symptom'
  | 'model'
  | 'serial'
  | 'quantity'
  | 'place'
  | 'occurredAt'
  | 'expectedAt';

export type RequestValues = Readonly<Record<RequestField, string | number | null>>;

const CALLER = ['contact.name', 'contact.phone', 'symptom'] as const;
const ORGANISATION = ['customerName', ...CALLER] as const;

/** What each type of request needs (requirement A3). */
export const REQUIRED_FIELDS: Readonly<Record<RequestType, readonly RequestField[]>> = {
  fault: [...ORGANISATION, 'model', 'serial', 'place', 'occurredAt'],
  maintenance: [...ORGANISATION, 'model', 'place', 'expectedAt'],
  installation: [...ORGANISATION, 'model', 'quantity', 'place', 'expectedAt'],
  parts: [...ORGANISATION, 'model', 'quantity'],
  complaint: ORGANISATION,
  consultation: CALLER,
};

/** Names of the required fields that have no value. */
export function missingFields(type: RequestType, values: RequestValues): RequestField[] {
  return REQUIRED_FIELDS[type].filter((field) => {
    const value = values[field];
    return value === null || (typeof value === 'string' && value.trim() === '');
  });
}
