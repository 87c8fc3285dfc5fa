import type { FastifyRequest } from 'fastify';
import { AftercareError } from '../errors.ts';

/** The ETag of a record's version; send it with every single record that can be changed. */
export function etag(version: number): string {
  return `"${version}"`;
}

/** 428 without If-Match, 412 when the record has moved on since the caller read it. */
export function requireIfMatch(request: FastifyRequest, version: number): void {
  const given = request.headers['if-match'];
  if (given === undefined) {
    throw new AftercareError('HTTP_IF_MATCH_REQUIRED', 'send If-Match with the ETag you last read', {
      kind: 'precondition_required',
    });
  }
  const tags = given.split(',').map((tag) => tag.trim());
  if (tags.includes('*') || tags.includes(etag(version))) return;
  throw new AftercareError(
    'HTTP_IF_MATCH_STALE',
    `somebody changed this since you read it: it is at ${etag(version)}, read it again`,
    { kind: 'stale' },
  );
}
