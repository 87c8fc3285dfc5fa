/** What kind of failure it is; decides the HTTP status and nothing else. */
export type ErrorKind =
  | 'malformed'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'stale'
  | 'invalid'
  | 'precondition_required'
  | 'too_many'
  | 'unavailable'
  | 'internal';

/** What a caller can act on: the fields at fault, the moves allowed instead. */
export interface ErrorDetails {
  readonly fields?: readonly { readonly field: string; readonly message: string }[];
  readonly allowed?: readonly string[];
  readonly cause?: unknown;
}

/**
 * Base of every error we throw. `code` is `FOLDER_WHAT`, stable for ever; the message carries the values and
 * says what to do next.
 */
export class AftercareError extends Error {
  readonly code: string;
  readonly kind: ErrorKind;
  readonly fields: ErrorDetails['fields'];
  readonly allowed: ErrorDetails['allowed'];

  constructor(code: string, message: string, options: ErrorDetails & { kind?: ErrorKind } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AftercareError';
    this.code = code;
    this.kind = options.kind ?? 'internal';
    this.fields = options.fields;
    this.allowed = options.allowed;
  }
}

/** 404 for a record of that noun. */
export function notFound(noun: string, id: string): AftercareError {
  return new AftercareError(`${noun.toUpperCase()}_NOT_FOUND`, `no ${noun.replaceAll('_', ' ')} ${id}`, {
    kind: 'not_found',
  });
}

/** 422 that names one field. */
export function invalidField(code: string, field: string, message: string): AftercareError {
  return new AftercareError(code, `${field}: ${message}`, { kind: 'invalid', fields: [{ field, message }] });
}
