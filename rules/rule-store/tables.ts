import type { ColumnType, Selectable } from 'kysely';
import type { AlarmRule, RuleStatus } from '#contracts/rules.ts';
import type { Timestamp } from '#platform/db/db.ts';

export type RuleTables = {
  alarm_rule: {
    rule_id: string;
    version: number;
    status: RuleStatus;
    /** As it was published; its `status` counts for nothing, the column's does. */
    definition: ColumnType<AlarmRule, string, string>;
    is_shipped: boolean;
    created_at: Timestamp;
    created_by: string;
  };
};

export type RuleRow = Selectable<RuleTables['alarm_rule']>;
