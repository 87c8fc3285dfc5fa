import { AftercareError } from '#platform/errors.ts';

/** Where in the condition: offset of the first character concerned. */
interface Place {
  readonly source: string;
  readonly offset: number;
}

/** 422 that tells line and column (from 1) of what is wrong in a condition. */
export function conditionError(code: string, place: Place, message: string): AftercareError {
  const before = place.source.slice(0, place.offset).split('\n');
  const column = (before.at(-1)?.length ?? 0) + 1;
  const text = `line ${before.length}, column ${column}: ${message}`;
  return new AftercareError(code, `condition: ${text}`, {
    kind: 'invalid',
    fields: [{ field: 'condition', message: text }],
  });
}
