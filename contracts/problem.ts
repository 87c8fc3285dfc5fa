import { type Static, Type } from 'typebox';

/** RFC 9457 problem document. `code` never changes once published; `errors` names the fields of a 422. */
export const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String(),
    detail: Type.Optional(Type.String()),
    errors: Type.Optional(Type.Array(Type.Object({ field: Type.String(), message: Type.String() }))),
    allowed: Type.Optional(Type.Array(Type.String(), { description: '409: the moves that are allowed now' })),
  },
  { $id: 'Problem' },
);
export type Problem = Static<typeof Problem>;
