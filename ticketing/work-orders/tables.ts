import type { ColumnType, Generated, Selectable, Updateable } from 'kysely';
import type { Reason } from '#contracts/alarms.ts';
import type { Priority } from '#contracts/priority.ts';
import type { Verification, WorkOrderKind, WorkOrderStatus } from '#contracts/statuses.ts';
import type { LocalText } from '#contracts/text.ts';
import type { HoldReason } from '#contracts/work-orders.ts';
import type { NullableTimestamp, Timestamp } from '#platform/db/db.ts';

type Json<T> = ColumnType<T, string, string>;
type NullableJson<T> = ColumnType<T | null, string | null | undefined, string | null>;

export interface AppointmentRecord {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly confirmedBy: string | null;
}

export interface ConsentRecord {
  readonly requestedAtMs: number;
  readonly reason: string;
  readonly amount: { readonly amount: string; readonly currency: string } | null;
  readonly agreed: boolean | null;
  readonly by: string | null;
  readonly answeredAtMs: number | null;
}

export interface TestRecord {
  readonly passed: boolean;
  readonly text: string | null;
  readonly atMs: number;
}

export interface SignatureRecord {
  readonly name: string | null;
  readonly role: string | null;
  readonly sha256: string | null;
  readonly strokes: string | null;
  readonly refusedReason: string | null;
  readonly atMs: number;
}

export interface CallbackRecord {
  readonly atMs: number;
  readonly by: string;
  readonly satisfied: boolean;
  readonly text: string;
}

export interface PartLineRecord {
  readonly model: string;
  readonly quantity: number;
}

export type WorkOrderTables = {
  work_order: {
    id: string;
    number: Generated<string>;
    ticket_id: string | null;
    unit_id: string | null;
    device_id: string | null;
    component: string;
    kind: WorkOrderKind;
    status: WorkOrderStatus;
    priority: Priority;
    is_emergency: boolean;
    skill: string;
    title: Json<LocalText>;
    technician_id: string | null;
    assistant_ids: Generated<string[]>;
    /** Of the technician; null for the head office's. */
    centre_id: Generated<string | null>;
    prefer_technician_id: string | null;
    verification: Generated<Verification>;
    plan_id: string | null;
    plan_reason: NullableJson<Reason>;
    due_at: NullableTimestamp;
    hold_reason: HoldReason | null;
    preliminary_cause: NullableJson<LocalText>;
    plan: NullableJson<LocalText>;
    confirmed_cause: string | null;
    symptom_confirmed: Generated<boolean>;
    eta_at: NullableTimestamp;
    appointment: NullableJson<AppointmentRecord>;
    consent: NullableJson<ConsentRecord>;
    needs_consent: Generated<boolean>;
    test: NullableJson<TestRecord>;
    signature: NullableJson<SignatureRecord>;
    callback: NullableJson<CallbackRecord>;
    /** Status → when it was last entered, epoch ms. */
    steps: ColumnType<Record<string, number>, string | undefined, string>;
    last_step_at: Timestamp;
    submitted_by: string | null;
    decline_count: Generated<number>;
    opened_at: Timestamp;
    tested_at: NullableTimestamp;
    version: Generated<number>;
  };
  work_order_log: {
    id: string;
    work_order_id: string;
    at: Timestamp;
    occurred_at: Timestamp;
    actor: string;
    action: string;
    text: string | null;
    parts: ColumnType<PartLineRecord[], string | undefined, never>;
  };
};

export type WorkOrderRow = Selectable<WorkOrderTables['work_order']>;
export type WorkOrderChange = Updateable<WorkOrderTables['work_order']>;
