import { STATUS_CODES } from 'node:http';
import type { Problem } from '#contracts/problem.ts';
import { sqlState } from '../db/db.ts';
import { AftercareError, type ErrorKind } from '../errors.ts';
import { describeValidation } from './validation.ts';

const STATUS: Readonly<Record<ErrorKind, number>> = {
  malformed: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  stale: 412,
  invalid: 422,
  precondition_required: 428,
  too_many: 429,
  internal: 500,
  unavailable: 503,
};

const FASTIFY_CODES: Readonly<Record<string, readonly [status: number, code: string, detail: string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: [413, 'HTTP_BODY_TOO_LARGE', 'the body is larger than 1 MB'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    415,
    'HTTP_MEDIA_TYPE_UNSUPPORTED',
    'send the body as application/json with that Content-Type',
  ],
  FST_ERR_CTP_EMPTY_JSON_BODY: [400, 'HTTP_BODY_MALFORMED', 'the body is empty: send JSON'],
  FST_ERR_CTP_INVALID_JSON_BODY: [400, 'HTTP_BODY_MALFORMED', 'the body is not valid JSON'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [
    400,
    'HTTP_BODY_MALFORMED',
    'the body is not as long as Content-Length says',
  ],
  FST_ERR_BAD_URL: [400, 'HTTP_URL_MALFORMED', 'the path is not a valid URL path'],
};

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

/** A problem document of this status; `extra` holds what a caller can act on. */
export function problem(
  status: number,
  code: string,
  extra: Pick<Problem, 'detail' | 'errors' | 'allowed'> = {},
): Problem {
  return {
    type: `urn:aftercare:error:${code}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    code,
    ...extra,
  };
}

/**
 * The problem document an error is answered with. Only our own errors and the framework's known ones speak for
 * themselves; anything else is a 500 that names the request for the log and nothing else.
 */
export function toProblem(error: unknown, requestId: string): Problem {
  if (error instanceof AftercareError) return ours(error, requestId);
  if (!(error instanceof Error)) return unexpected(requestId);
  const invalid = describeValidation(error);
  if (invalid !== undefined) {
    const detail = invalid.map(({ field, message }) => `${field} ${message}`).join('; ');
    return problem(422, 'HTTP_REQUEST_INVALID', { detail, errors: invalid });
  }
  return fromFramework(error) ?? fromDatabase(error) ?? unexpected(requestId);
}

function ours(error: AftercareError, requestId: string): Problem {
  const status = STATUS[error.kind];
  if (status === 500) return { ...unexpected(requestId), code: error.code };
  return problem(status, error.code, {
    detail: error.message,
    ...(error.fields && { errors: error.fields.map((field) => ({ ...field })) }),
    ...(error.allowed && { allowed: [...error.allowed] }),
  });
}

function fromFramework(error: Error & { code?: unknown; statusCode?: unknown }): Problem | undefined {
  const known = typeof error.code === 'string' ? FASTIFY_CODES[error.code] : undefined;
  if (known !== undefined) return problem(known[0], known[1], { detail: known[2] });
  const { statusCode } = error;
  if (typeof statusCode !== 'number' || statusCode < 400 || statusCode > 499) return undefined;
  if (error instanceof SyntaxError) {
    return problem(400, 'HTTP_BODY_MALFORMED', { detail: 'the body is not valid JSON' });
  }
  return problem(statusCode, 'HTTP_REQUEST_REFUSED', { detail: error.message });
}

/** Text that PostgreSQL cannot keep or read: U+0000, half a surrogate pair, a word where an id belongs. */
const UNKEEPABLE_TEXT = new Set(['22021', '22P02', '22P05']);

/**
 * Text no database takes is the caller's to mend. Connection lost, server starting or stopping, too many
 * connections: worth another try later.
 */
function fromDatabase(error: Error & { code?: unknown }): Problem | undefined {
  const state = sqlState(error);
  if (state !== undefined && UNKEEPABLE_TEXT.has(state)) {
    return problem(400, 'HTTP_TEXT_INVALID', {
      detail: 'a text holds a character that cannot be kept (U+0000 or half a pair), or is not an id of ours',
    });
  }
  const isAway =
    (state !== undefined && /^(08|53|57P)/.test(state)) ||
    error.code === 'ECONNREFUSED' ||
    error.code === 'ECONNRESET' ||
    error.message === 'Connection terminated unexpectedly';
  if (!isAway) return undefined;
  return problem(503, 'HTTP_DATABASE_UNAVAILABLE', { detail: 'the database does not answer: try again' });
}

function unexpected(requestId: string): Problem {
  return problem(500, 'HTTP_UNEXPECTED', {
    detail: `this should not happen; the log tells more: request ${requestId}`,
  });
}
