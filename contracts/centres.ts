import { type Static, Type } from 'typebox';
import { RecordId } from './ids.ts';
import { TimeZone } from './people.ts';
import { IsoTime } from './time.ts';

/** `own`: our people. `outsourced`: partners, who see their own orders and nothing else. */
export const CENTRE_KINDS = ['own', 'outsourced'] as const;
export type CentreKind = (typeof CENTRE_KINDS)[number];

const Name = Type.String({ minLength: 1, maxLength: 200 });
const Parent = Type.Union([RecordId, Type.Null()]);
const Zones = Type.Array(Type.String({ minLength: 1, maxLength: 64 }), {
  maxItems: 200,
  uniqueItems: true,
  description: 'dispatch zones that it serves; none: everywhere',
});

/** A service centre: technicians and users belong to one, or to the head office. */
export const Centre = Type.Object(
  {
    id: RecordId,
    number: Type.String({ description: 'CN-000001' }),
    name: Type.String(),
    kind: Type.Enum(CENTRE_KINDS),
    parentId: Parent,
    zones: Type.Array(Type.String()),
    timeZone: Type.String(),
    isActive: Type.Boolean(),
    version: Type.Integer(),
    createdAt: IsoTime,
  },
  { $id: 'Centre', additionalProperties: false },
);
export type Centre = Static<typeof Centre>;

/** Body of POST /api/v1/centres. The kind is for good: what its people may see hangs on it. */
export const NewCentre = Type.Object(
  {
    name: Name,
    kind: Type.Enum(CENTRE_KINDS),
    parentId: Type.Optional(Parent),
    zones: Type.Optional(Zones),
    timeZone: TimeZone,
  },
  { additionalProperties: false },
);
export type NewCentre = Static<typeof NewCentre>;

/** Body of PATCH /api/v1/centres/{id}. */
export const CentreChange = Type.Object(
  {
    name: Type.Optional(Name),
    parentId: Type.Optional(Parent),
    zones: Type.Optional(Zones),
    timeZone: Type.Optional(TimeZone),
    isActive: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false, minProperties: 1 },
);
export type CentreChange = Static<typeof CentreChange>;

/** The centre that somebody works for. */
export interface CentreMembership {
  readonly id: string;
  readonly kind: CentreKind;
}
