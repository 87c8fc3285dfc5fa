import type { Generated, Selectable } from 'kysely';
import type { NullableTimestamp, Timestamp } from '#platform/db/db.ts';

export type PeopleTables = {
  technician: {
    id: string;
    number: Generated<string>;
    user_id: string | null;
    name: string;
    phone: string;
    zone: string | null;
    is_active: Generated<boolean>;
    version: Generated<number>;
    created_at: Timestamp;
  };
  technician_skill: {
    technician_id: string;
    skill: string;
    valid_until: NullableTimestamp;
  };
};

export type TechnicianRow = Selectable<PeopleTables['technician']>;
export type SkillRow = Selectable<PeopleTables['technician_skill']>;
