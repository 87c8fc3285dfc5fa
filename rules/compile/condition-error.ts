import { AftercareError, invalidField } from '#platform/errors.ts';

/** Longest JavaScript that a condition may become, in characters. */
export const LARGEST_FUNCTION_CHARS = 200_000;

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

/** 422 for a condition nested so deeply that the function made of it would be too long, or endless to make. */
export function conditionTooLarge(): AftercareError {
  return invalidField('RULES_CONDITION_TOO_LARGE', 'condition', 'its parts are nested too deeply');
}
