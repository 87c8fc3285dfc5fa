import { sql } from 'kysely';
import { Type } from 'typebox';
import { PROTOCOLS } from '#contracts/raw-message.ts';
import { LocalText } from '#contracts/text.ts';
import type { Clock } from '#platform/clock.ts';
import type { Db } from '#platform/db/db.ts';
import { decodeRecordCursor, Page, PageQuery, pageOf } from '#platform/http/page.ts';
import type { HttpInstance } from '#platform/http/routes.ts';
import { problemText } from './core/problem.ts';
import type { Ingest } from './ingest.ts';
import { byProtocol, imbalance, type Ledger } from './ledger.ts';

export interface AccountRouteDeps {
  readonly db: Db;
  readonly ingest: Pick<Ingest, 'ledger' | 'ledgers' | 'logBytes' | 'failure'>;
  readonly maxLogBytes: number;
}

const Count = Type.Integer({ minimum: 0 });

const counts = {
  received: Count,
  spooledAtStart: Count,
  stored: Count,
  duplicate: Count,
  deadLettered: Count,
  shed: Count,
  spooled: Count,
  inFlight: Count,
  badValues: Count,
};
const Account = Type.Object({ protocol: Type.String(), ...counts });
const Balanced = Type.Object({ ...counts, imbalance: Type.Integer() });

function balanced(ledger: Readonly<Ledger>) {
  return { ...ledger, imbalance: imbalance(ledger) };
}

const LedgerBody = Type.Object(
  {
    items: Type.Array(Account, { description: 'an account a wire; those that carried nothing are left out' }),
    byProtocol: Type.Object(byProtocol(() => Balanced)),
    imbalance: Type.Integer({ description: '0, always: received + spooledAtStart less all the others' }),
    logBytes: Count,
    logMaxBytes: Count,
    withheld: Type.Union([Type.String(), Type.Null()], { description: 'why nothing is acknowledged now' }),
  },
  { $id: 'Ledger' },
);

const DeadLetterItem = Type.Object({
  id: Type.String({ format: 'uuid' }),
  deviceId: Type.String(),
  topic: Type.String(),
  code: Type.String({ description: 'stable' }),
  reason: Type.Object(LocalText.properties, { description: 'what the code means and what to do' }),
  field: Type.String({ description: 'the value at fault; empty: the whole message' }),
  isPartial: Type.Boolean({ description: 'the rest of the message was stored' }),
  payloadBase64: Type.String(),
  payloadText: Type.String({ description: 'the bytes read as UTF-8' }),
  receivedAt: Type.String({ format: 'date-time' }),
});

interface LetterRow {
  id: string;
  device_id: string;
  topic: string;
  code: string;
  field: string;
  is_partial: boolean;
  payload: Buffer;
  received_at: number;
}

const LETTER_DAYS = 14;
const MAX_LETTERS = 100_000;
const EVENT_DAYS = 400;

/** Keeps dead letters and device events within their bounds of age and number. */
export async function sweepRecords({ db, clock }: { db: Db; clock: Clock }): Promise<void> {
  const before = (days: number) => new Date(clock.nowMs() - days * 86_400_000);
  await sql`delete from dead_letter where received_at < ${before(LETTER_DAYS)} or id <= (
    select id from dead_letter order by id desc offset ${MAX_LETTERS} limit 1)`.execute(db);
  await sql`delete from device_event where received_at < ${before(EVENT_DAYS)}`.execute(db);
}

/** The account of messages, what was refused with its bytes, and the names nobody knows. */
export function accountRoutes(app: HttpInstance, { db, ingest, maxLogBytes }: AccountRouteDeps): void {
  app.get(
    '/ledger',
    {
      config: { permission: 'ledger:read' },
      schema: {
        tags: ['ledger'],
        summary: 'Where every message of a device went: stored, refused, repeated or on its way',
        description: '`imbalance` is 0 as long as none was lost.',
        response: { 200: LedgerBody },
      },
    },
    async () => {
      const { ledgers } = ingest;
      const carries = ({ received, spooledAtStart }: Readonly<Ledger>) => received + spooledAtStart > 0;
      const shown = PROTOCOLS.filter((protocol) => protocol === 'mqtt' || carries(ledgers[protocol]));
      return {
        items: shown.map((protocol) => ({ protocol, ...ledgers[protocol] })),
        byProtocol: byProtocol((protocol) => balanced(ledgers[protocol])),
        imbalance: imbalance(ingest.ledger),
        logBytes: ingest.logBytes(),
        logMaxBytes: maxLogBytes,
        withheld: ingest.failure()?.message ?? null,
      };
    },
  );

  app.get(
    '/dead-letters',
    {
      config: { permission: 'dead_letters:read' },
      schema: {
        tags: ['ledger'],
        summary: 'Messages, or parts of them, that were refused: newest first',
        querystring: Type.Object({
          ...PageQuery,
          deviceId: Type.Optional(Type.String({ maxLength: 64, description: 'of this device' })),
          code: Type.Optional(Type.String({ maxLength: 64, description: 'e.g. INGEST_METRIC_UNKNOWN' })),
        }),
        response: { 200: Page(DeadLetterItem) },
      },
    },
    async ({ query }) => {
      const { limit = 50, deviceId = null, code = null } = query;
      const after = decodeRecordCursor(query.cursor) ?? null;
      const { rows } = await sql<LetterRow>`
        select id, device_id, topic, code, field, is_partial, payload, received_at from dead_letter
        where (${deviceId}::text is null or device_id = ${deviceId}) and (${code}::text is null or code = ${code})
          and (${after}::uuid is null or id < ${after}::uuid)
        order by id desc limit ${limit + 1}`.execute(db);
      return pageOf(rows, limit, (row) => ({
        id: row.id,
        deviceId: row.device_id,
        topic: row.topic,
        code: row.code,
        reason: problemText(row.code),
        field: row.field,
        isPartial: row.is_partial,
        payloadBase64: row.payload.toString('base64'),
        payloadText: row.payload.toString('utf8'),
        receivedAt: new Date(row.received_at).toISOString(),
      }));
    },
  );

  app.get(
    '/unknown-metrics',
    {
      config: { permission: 'dead_letters:read' },
      schema: {
        tags: ['ledger'],
        summary: 'Names that devices sent and no metric has, by model',
        response: {
          200: Type.Object({
            items: Type.Array(Type.Object({ model: Type.String(), name: Type.String(), messages: Count })),
            nextCursor: Type.Null(),
          }),
        },
      },
    },
    async () => {
      const { rows } = await sql<{ model: string; name: string; messages: number }>`
        select model, name, messages from unknown_metric order by model, name limit 1000`.execute(db);
      return { items: rows, nextCursor: null };
    },
  );
}
