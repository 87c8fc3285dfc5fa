import { createHash, randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { actorId } from '../auth/actor.ts';
import type { Clock } from '../clock.ts';
import type { Timestamp } from '../db/db.ts';
import { type Migrations, sqlMigration } from '../db/migrate.ts';
import { newId } from '../ids.ts';
import type { Audit, AuditEntry } from './audit.ts';

export type AuditTables = {
  audit_record: {
    id: string;
    at: Timestamp;
    actor_id: string;
    action: string;
    entity: string;
    entity_id: string;
    fields: string;
    block_number: number | null;
  };
  audit_personal: {
    audit_id: string;
    field: string;
    side: 'from' | 'to';
    salt: Buffer;
    value: string;
  };
  audit_block: {
    number: number;
    row_count: number;
    hash: Buffer;
    sealed_at: Timestamp;
  };
};

export const AUDIT_MIGRATIONS: Migrations = {
  '20261121_01_audit': sqlMigration((db) =>
    sql`
      create table audit_block (
        number bigint primary key,
        row_count integer not null,
        hash bytea not null,
        sealed_at timestamptz not null
      );
      create table audit_record (
        id uuid primary key,
        at timestamptz not null,
        actor_id text not null,
        action text not null,
        entity text not null,
        entity_id text not null,
        fields jsonb not null,
        block_number bigint
      );
      create index audit_record_entity on audit_record (entity, entity_id, id);
      create index audit_record_block on audit_record (block_number, id);
      create index audit_record_unsealed on audit_record (id) where block_number is null;
      create table audit_personal (
        audit_id uuid not null,
        field text not null,
        side text not null check (side in ('from', 'to')),
        salt bytea not null,
        value jsonb not null,
        primary key (audit_id, field, side)
      );
    `.execute(db),
  ),
};

const SALT_BYTES = 16;
const SIDES = ['from', 'to'] as const;

interface PersonalValue {
  readonly field: string;
  readonly side: 'from' | 'to';
  readonly salt: Buffer;
  readonly value: string;
}

/** Rows hold ids, field names and salted hashes; what is personal stands beside them and can be erased. */
export function createAudit({ clock }: { readonly clock: Clock }): Audit {
  return {
    record: async (tx, entry) => {
      const id = newId();
      const { fields, personal } = separate(entry);
      const tables = tx.withTables<AuditTables>();
      await tables
        .insertInto('audit_record')
        .values({
          id,
          at: new Date(clock.nowMs()),
          actor_id: actorId(entry.actor),
          action: entry.action,
          entity: entry.entity,
          entity_id: entry.entityId,
          fields: JSON.stringify(fields),
          block_number: null,
        })
        .execute();
      if (personal.length === 0) return;
      await tables
        .insertInto('audit_personal')
        .values(personal.map((value) => ({ audit_id: id, ...value })))
        .execute();
    },
  };
}

function separate({ fields = {}, personal = [] }: AuditEntry) {
  const kept: PersonalValue[] = [];
  const rowFields: Record<string, Record<string, unknown>> = {};
  for (const [field, change] of Object.entries(fields)) {
    const row: Record<string, unknown> = {};
    for (const side of SIDES) {
      const given = change[side];
      if (given === undefined) continue;
      if (given === null || !personal.includes(field)) {
        row[side] = given;
        continue;
      }
      const salt = randomBytes(SALT_BYTES);
      const value = JSON.stringify(given);
      kept.push({ field, side, salt, value });
      row[side] = { sha256: createHash('sha256').update(salt).update(value).digest('hex') };
    }
    rowFields[field] = row;
  }
  return { fields: rowFields, personal: kept };
}
