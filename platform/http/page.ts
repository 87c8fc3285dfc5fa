import { type Static, type TSchema, Type } from 'typebox';
import { AftercareError } from '../errors.ts';

/** Query of every list. */
export const PageQuery = {
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 200, default: 50, description: 'items in one page' }),
  ),
  cursor: Type.Optional(Type.String({ maxLength: 200, description: '`nextCursor` of the page before' })),
};

/** Body of every list. */
export function Page<T extends TSchema>(item: T) {
  return Type.Object({ items: Type.Array(item), nextCursor: Type.Union([Type.String(), Type.Null()]) });
}

export interface PageOf<T> {
  items: T[];
  nextCursor: string | null;
}

/** Opaque cursor of a position: the id (UUIDv7, so time-ordered) of the last item given. */
export function encodeCursor(id: string): string {
  return Buffer.from(id).toString('base64url');
}

/** 400 for text that is no cursor of ours. */
export function decodeCursor(cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const id = Buffer.from(cursor, 'base64url').toString();
  if (/^[0-9A-Za-z*_=:|@.-]{1,128}$/.test(id)) return id;
  throw new AftercareError('HTTP_CURSOR_INVALID', 'cursor: not one that a list gave', { kind: 'malformed' });
}

const RECORD_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The same for lists whose ids are UUIDs: 400 also for a cursor of another list. */
export function decodeRecordCursor(cursor: string | undefined): string | undefined {
  const id = decodeCursor(cursor);
  if (id === undefined || RECORD_ID.test(id)) return id;
  throw new AftercareError('HTTP_CURSOR_INVALID', 'cursor: not one that this list gave', {
    kind: 'malformed',
  });
}

/** A page from `limit + 1` rows: the extra row only tells that there is more. */
export function pageOf<R extends { id: string }, T>(
  rows: readonly R[],
  limit: number,
  map: (row: R) => T,
): PageOf<T> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map(map),
    nextCursor: rows.length > limit && last !== undefined ? encodeCursor(last.id) : null,
  };
}

export type PageQueryOf = { [K in keyof typeof PageQuery]?: Static<(typeof PageQuery)[K]> };
