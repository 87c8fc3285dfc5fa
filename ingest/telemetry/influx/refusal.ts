/** Why the server took a part of the lines, or none of them, and would not take them another time either. */
export interface Refusal {
  readonly reason: RefusalReason;
  /** The server's words. */
  readonly message: string;
  /** How many points of the body it dropped, where it says so. */
  readonly dropped: number | null;
  /** The field whose type conflicts, where it says so. */
  readonly field: string | null;
}

export type RefusalReason =
  | 'type_conflict'
  | 'retention'
  | 'malformed'
  | 'too_large'
  | 'not_finite'
  | 'other';

/** In their order: a partial write of a later kind names its reason too. */
const REASONS: readonly (readonly [pattern: RegExp, reason: RefusalReason])[] = [
  [/type conflict/i, 'type_conflict'],
  [/retention|out of bounds|outside/i, 'retention'],
  [/pars(e|ing)|invalid line|line protocol/i, 'malformed'],
  [/partial write|schema|dropped=/i, 'other'],
];

/** A refusal that speaks of lines; null for any other answer: then nothing says that the lines are at fault. */
export function readRefusal(status: number, message: string): Refusal | null {
  const none = { message, dropped: null, field: null };
  if (status === 413) return { ...none, reason: 'too_large' };
  if (status !== 400 && status !== 422) return null;
  const reason = REASONS.find(([pattern]) => pattern.test(message))?.[1];
  if (reason === undefined) return null;
  const dropped = Number(/dropped=(\d+)/.exec(message)?.[1] ?? 0);
  const field = /input field "([^"]+)"/.exec(message)?.[1] ?? null;
  return { reason, message, dropped: dropped > 0 ? dropped : null, field };
}
