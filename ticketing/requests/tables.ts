import type { Generated, Selectable, Updateable } from 'kysely';
import type { RequestType, ServiceRequest } from '#contracts/service-requests.ts';
import type { ServiceRequestStatus } from '#contracts/statuses.ts';
import type { NullableTimestamp, Timestamp } from '#platform/db/db.ts';

export type RequestTables = {
  service_request: {
    id: string;
    number: Generated<string>;
    status: ServiceRequestStatus;
    type: RequestType;
    channel: ServiceRequest['channel'];
    ticket_id: string | null;
    unit_id: string | null;
    device_id: string | null;
    component: string;
    fault_code: string | null;
    fault_family: string;
    serial: string | null;
    model: string | null;
    quantity: number | null;
    contact_name: string | null;
    contact_phone: string | null;
    customer_name: string | null;
    contract_no: string | null;
    symptom: string | null;
    place: string | null;
    occurred_at: NullableTimestamp;
    expected_at: NullableTimestamp;
    notes: string | null;
    answer: string | null;
    read_back_at: NullableTimestamp;
    read_back_by: string | null;
    identity_verified: boolean;
    received_at: Timestamp;
    version: Generated<number>;
  };
};

export type RequestRow = Selectable<RequestTables['service_request']>;
export type RequestChange = Updateable<RequestTables['service_request']>;
