import type { ColumnType, Generated, Selectable } from 'kysely';
import type { Reason } from '#contracts/alarms.ts';
import type { MaintenancePlanStatus } from '#contracts/maintenance.ts';
import type { Prognosis, PrognosisQuestion } from '#contracts/prognosis.ts';
import type { LocalText } from '#contracts/text.ts';
import type { NullableTimestamp, Timestamp } from '#platform/db/db.ts';

type Json<T> = ColumnType<T, string, string>;

export interface ModelTerms {
  readonly limit: number;
  readonly components: readonly string[];
}

export type MaintenanceTables = {
  maintenance_template: {
    id: string;
    kind: PrognosisQuestion['kind'];
    label: Json<LocalText>;
    component: string;
    metric: string;
    limit_value: number;
    direction: PrognosisQuestion['direction'];
    window_days: number;
    lead_days: number;
    interval_days: number;
    tasks: Json<LocalText[]>;
    /** Terms of models that differ from the template's own. */
    models: ColumnType<Readonly<Record<string, ModelTerms>>, string | undefined, string>;
  };
  maintenance_plan: {
    id: string;
    number: Generated<string>;
    unit_id: string;
    device_id: string | null;
    template_id: string;
    component: string;
    metric: string;
    limit_value: number;
    direction: PrognosisQuestion['direction'];
    lead_days: number;
    interval_days: number;
    last_done_at: NullableTimestamp;
    due_at: Timestamp;
    due_reason: Json<Reason>;
    prognosis: ColumnType<Prognosis | null, string | null | undefined, string | null>;
    checks: Generated<number>;
    next_check_at: Timestamp;
    hold_until: NullableTimestamp;
    work_order_id: string | null;
    status: Generated<MaintenancePlanStatus>;
    version: Generated<number>;
    created_at: Timestamp;
  };
};

export type PlanRow = Selectable<MaintenanceTables['maintenance_plan']>;
export type TemplateRow = Selectable<MaintenanceTables['maintenance_template']>;
