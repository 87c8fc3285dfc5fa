import type { ColumnType, Generated, Selectable } from 'kysely';
import type { CentreKind } from '#contracts/centres.ts';
import type { Timestamp } from '#platform/db/db.ts';

export type CentreTables = {
  centre: {
    id: string;
    number: Generated<string>;
    name: string;
    kind: ColumnType<CentreKind, CentreKind, never>;
    parent_id: string | null;
    zones: string[];
    time_zone: string;
    is_active: Generated<boolean>;
    version: Generated<number>;
    created_at: Timestamp;
  };
};

export type CentreRow = Selectable<CentreTables['centre']>;
