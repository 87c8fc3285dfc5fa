import { type Generated, sql } from 'kysely';
import type { CentreKind, CentreMembership } from '#contracts/centres.ts';
import type { Role } from '#contracts/permissions.ts';
import type { Timestamp } from '../db/db.ts';
import { type Migrations, sqlMigration } from '../db/migrate.ts';

export type AuthTables = {
  user_account: {
    id: string;
    username: string;
    display_name: string;
    password_hash: string | null;
    roles: Role[];
    technician_id: string | null;
    centre_id: Generated<string | null>;
    centre_kind: Generated<CentreKind | null>;
    is_active: Generated<boolean>;
    version: Generated<number>;
    created_at: Timestamp;
  };
  session: {
    token_hash: Buffer;
    user_id: string;
    kind: SessionKind;
    created_at: Timestamp;
    expires_at: Timestamp;
    last_seen_at: Timestamp;
  };
};

/** The centre that an account says its user works for. */
export function centreOf(row: {
  readonly centre_id: string | null;
  readonly centre_kind: CentreKind | null;
}): CentreMembership | null {
  const { centre_id: id, centre_kind: kind } = row;
  return id === null || kind === null ? null : { id, kind };
}

export type SessionKind = 'bearer' | 'cookie';

export const AUTH_MIGRATIONS: Migrations = {
  '20261121_02_auth': sqlMigration((db) =>
    sql`
      create table user_account (
        id uuid primary key,
        username text not null,
        display_name text not null,
        password_hash text,
        roles text[] not null,
        technician_id uuid,
        is_active boolean not null default true,
        version integer not null default 1,
        created_at timestamptz not null
      );
      create unique index user_account_username on user_account (lower(username));
      create table session (
        token_hash bytea primary key,
        user_id uuid not null references user_account (id),
        kind text not null check (kind in ('bearer', 'cookie')),
        created_at timestamptz not null,
        expires_at timestamptz not null,
        last_seen_at timestamptz not null
      );
      create index session_user_id on session (user_id);
      create index session_expires_at on session (expires_at);
    `.execute(db),
  ),
  '20261122_50_auth_centre': sqlMigration((db) =>
    sql`
      alter table user_account
        add column centre_id uuid,
        add column centre_kind text,
        add constraint user_account_centre check ((centre_id is null) = (centre_kind is null));
    `.execute(db),
  ),
};
