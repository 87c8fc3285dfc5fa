import { type RawBuilder, type SqlBool, sql } from 'kysely';
import { COMMANDS } from '#contracts/commands.ts';

/** How long a device has to do what it was sent; names are unique over all kinds. */
const ANSWER_MS: Readonly<Record<string, number>> = Object.fromEntries(
  COMMANDS.map(({ name, timeoutMs }) => [name, timeoutMs]),
);

interface Timed {
  readonly name: string;
  readonly deadline: number;
  readonly sent_at: number | null;
}

/**
 * When a command ends without an answer. A long deadline is for a device that is away: once sent, the command holds
 * up the device's next ones, so that it has no longer than its definition gives it.
 */
export function deadlineMs({ name, deadline, sent_at: sentMs }: Timed): number {
  const answerMs = ANSWER_MS[name];
  return sentMs === null || answerMs === undefined ? deadline : Math.min(deadline, sentMs + answerMs);
}

/** The same of the rows of a query: commands that have not ended and are past it. */
export function isOverdue(nowMs: number): RawBuilder<SqlBool> {
  const now = sql`${new Date(nowMs)}::timestamptz`;
  return sql<SqlBool>`(status in ('queued', 'sent', 'accepted') and deadline <= ${now}
    or status in ('sent', 'accepted')
      and sent_at + (${JSON.stringify(ANSWER_MS)}::jsonb ->> name)::bigint * interval '1 millisecond' <= ${now})`;
}
