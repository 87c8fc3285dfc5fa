import { Type } from 'typebox';
import type { Db } from '../db/db.ts';
import { decodeRecordCursor, Page, PageQuery, pageOf } from '../http/page.ts';
import type { Routes } from '../http/routes.ts';
import { verifyAudit } from './audit-chain.ts';
import type { AuditTables } from './audit-log.ts';

const Change = Type.Object({ from: Type.Optional(Type.Unknown()), to: Type.Optional(Type.Unknown()) });

const AuditRecord = Type.Object({
  id: Type.String({ format: 'uuid' }),
  at: Type.String({ format: 'date-time' }),
  actorId: Type.String(),
  action: Type.String(),
  entity: Type.String(),
  entityId: Type.String(),
  fields: Type.Record(Type.String(), Change, {
    description: 'a personal value that was erased shows its hash',
  }),
});

const AuditQuery = Type.Object(
  {
    ...PageQuery,
    entity: Type.Optional(Type.String({ maxLength: 64 })),
    entityId: Type.Optional(Type.String({ maxLength: 128 })),
  },
  { additionalProperties: false },
);

const Verdict = Type.Object({
  ok: Type.Boolean(),
  blocks: Type.Optional(Type.Integer()),
  rows: Type.Optional(Type.Integer()),
  block: Type.Optional(Type.Integer({ description: 'the first that is broken' })),
  reason: Type.Optional(Type.String({ description: 'rows_changed or block_missing' })),
});

const config = { permission: 'audit:read' } as const;

/** Who did what, newest first, and whether somebody has tampered with it. */
export function auditRoutes({ db, secretKey }: { readonly db: Db; readonly secretKey: Buffer }): Routes {
  return (app) => {
    app.get(
      '/audit',
      {
        config,
        schema: {
          tags: ['audit'],
          summary: 'Who changed what, newest first',
          description: 'Of one record with `entity` and `entityId`, else of all.',
          querystring: AuditQuery,
          response: { 200: Page(AuditRecord) },
        },
      },
      async ({ query }) => {
        const { limit = 50 } = query;
        const rows = await findRecords(db, {
          ...query,
          limit: limit + 1,
          before: decodeRecordCursor(query.cursor),
        });
        const personal = await findPersonal(
          db,
          rows.slice(0, limit).map((row) => row.id),
        );
        return pageOf(rows, limit, (row) => ({
          id: row.id,
          at: new Date(row.at).toISOString(),
          actorId: row.actor_id,
          action: row.action,
          entity: row.entity,
          entityId: row.entity_id,
          fields: reveal(row.fields, personal.get(row.id) ?? []),
        }));
      },
    );
    app.get(
      '/audit/verify',
      {
        config,
        schema: {
          tags: ['audit'],
          summary: 'Check that nobody has tampered with the audit',
          description: 'Recomputes the chain: `ok: false` names the first broken block.',
          response: { 200: Verdict },
        },
      },
      () => verifyAudit(db, secretKey),
    );
  };
}

interface Wanted {
  readonly entity?: string;
  readonly entityId?: string;
  readonly before: string | undefined;
  readonly limit: number;
}

function findRecords(db: Db, { entity, entityId, before, limit }: Wanted) {
  let found = db.withTables<AuditTables>().selectFrom('audit_record').selectAll();
  if (entity !== undefined) found = found.where('entity', '=', entity);
  if (entityId !== undefined) found = found.where('entity_id', '=', entityId);
  if (before !== undefined) found = found.where('id', '<', before);
  return found.orderBy('id', 'desc').limit(limit).execute();
}

interface PersonalRow {
  readonly audit_id: string;
  readonly field: string;
  readonly side: 'from' | 'to';
  readonly value: unknown;
}

async function findPersonal(db: Db, ids: readonly string[]): Promise<Map<string, PersonalRow[]>> {
  const byRecord = new Map<string, PersonalRow[]>();
  if (ids.length === 0) return byRecord;
  const rows: PersonalRow[] = await db
    .withTables<AuditTables>()
    .selectFrom('audit_personal')
    .select(['audit_id', 'field', 'side', 'value'])
    .where('audit_id', 'in', ids)
    .execute();
  for (const row of rows) byRecord.set(row.audit_id, [...(byRecord.get(row.audit_id) ?? []), row]);
  return byRecord;
}

type Fields = Record<string, { from?: unknown; to?: unknown }>;

function reveal(stored: unknown, personal: readonly PersonalRow[]): Fields {
  const fields = structuredClone(stored) as Fields;
  for (const { field, side, value } of personal) {
    const change = fields[field];
    if (change !== undefined) change[side] = value;
  }
  return fields;
}
