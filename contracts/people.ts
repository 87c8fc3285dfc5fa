import { type Static, Type } from 'typebox';
import { RecordId } from './ids.ts';
import { Instant, IsoTime } from './time.ts';

const Name = Type.String({ minLength: 1, maxLength: 200 });
const Phone = Type.String({ pattern: '^[+0-9][0-9 ()-]{2,31}$' });
const Zone = Type.String({ minLength: 1, maxLength: 64, description: 'dispatch zone' });
const SkillName = Type.String({
  minLength: 1,
  maxLength: 64,
  description: 'one that a fault family asks for',
});

/** A skill as it is given: its name, or its name and the instant its certificate ends. */
const SkillInput = Type.Union([
  SkillName,
  Type.Object(
    { skill: SkillName, validUntil: Type.Optional(Type.Union([Instant, Type.Null()])) },
    { additionalProperties: false },
  ),
]);
export type SkillInput = Static<typeof SkillInput>;

export const Technician = Type.Object({
  id: RecordId,
  number: Type.String(),
  userId: Type.Union([RecordId, Type.Null()]),
  name: Type.String(),
  phone: Type.String(),
  zone: Type.Union([Type.String(), Type.Null()]),
  isActive: Type.Boolean(),
  skills: Type.Array(Type.Object({ skill: Type.String(), validUntil: Type.Union([IsoTime, Type.Null()]) })),
  version: Type.Integer(),
  createdAt: IsoTime,
});
export type Technician = Static<typeof Technician>;

/** Body of POST /api/v1/technicians. */
export const NewTechnician = Type.Object(
  {
    name: Name,
    phone: Phone,
    zone: Type.Optional(Zone),
    skills: Type.Array(SkillInput, { maxItems: 64 }),
    userId: Type.Optional(RecordId),
  },
  { additionalProperties: false },
);
export type NewTechnician = Static<typeof NewTechnician>;

/** Body of PATCH /api/v1/technicians/{id}; `skills` replaces the whole list. */
export const TechnicianChange = Type.Object(
  {
    name: Type.Optional(Name),
    phone: Type.Optional(Phone),
    zone: Type.Optional(Type.Union([Zone, Type.Null()])),
    skills: Type.Optional(Type.Array(SkillInput, { maxItems: 64 })),
    userId: Type.Optional(Type.Union([RecordId, Type.Null()])),
    isActive: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false, minProperties: 1 },
);
export type TechnicianChange = Static<typeof TechnicianChange>;
