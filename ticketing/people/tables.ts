import type { ColumnType, Generated, Selectable } from 'kysely';
import type { CertificateBasis, CertificateStatus, Shift } from '#contracts/people.ts';
import type { NullableTimestamp, Timestamp } from '#platform/db/db.ts';

/** A span as it is stored. */
export interface ShiftExceptionRecord {
  readonly kind: 'leave' | 'extra';
  readonly fromMs: number;
  readonly untilMs: number;
  readonly note: string | null;
}

export type PeopleTables = {
  technician: {
    id: string;
    number: Generated<string>;
    user_id: string | null;
    name: string;
    phone: string;
    zone: string | null;
    is_active: Generated<boolean>;
    centre_id: Generated<string | null>;
    time_zone: Generated<string | null>;
    shifts: ColumnType<Shift[] | null, string | null | undefined, string | null>;
    shift_exceptions: ColumnType<ShiftExceptionRecord[], string | undefined, string>;
    is_on_call: Generated<boolean>;
    version: Generated<number>;
    created_at: Timestamp;
  };
  certificate: {
    id: string;
    number: Generated<string>;
    technician_id: string | null;
    centre_id: string | null;
    skill: string;
    basis: CertificateBasis;
    document_number: string | null;
    issuer: string;
    status: CertificateStatus;
    prepared_by: string;
    prepared_at: Timestamp;
    signed_by: string | null;
    issued_at: NullableTimestamp;
    valid_until: NullableTimestamp;
    revoked_at: NullableTimestamp;
    revoked_because: string | null;
  };
};

export type TechnicianRow = Selectable<PeopleTables['technician']>;
export type CertificateRow = Selectable<PeopleTables['certificate']>;
