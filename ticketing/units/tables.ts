import type { ColumnType, Generated, Selectable } from 'kysely';
import type { UnitStatus } from '#contracts/units.ts';
import type { NullableTimestamp, Timestamp } from '#platform/db/db.ts';

export type UnitTables = {
  unit: {
    id: string;
    number: Generated<string>;
    serial: string | null;
    kind: string;
    model: string;
    site_id: string | null;
    customer_id: string | null;
    labels: ColumnType<Record<string, string>, string | undefined, string>;
    status: Generated<UnitStatus>;
    warranty_until: NullableTimestamp;
    version: Generated<number>;
    created_at: Timestamp;
  };
  unit_device: {
    id: string;
    unit_id: string;
    device_id: string;
    bound_at: Timestamp;
    unbound_at: NullableTimestamp;
  };
};

export type UnitRow = Selectable<UnitTables['unit']>;
