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

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

const WallTime = Type.String({ pattern: '^([01]\\d|2[0-3]):[0-5]\\d$', description: 'wall clock, 08:00' });

/** IANA name of a time zone. */
export const TimeZone = Type.String({ minLength: 1, maxLength: 64, description: 'IANA time zone' });

/** One working shift of the week; one that ends before it starts ends on the next day. */
export const Shift = Type.Object(
  { day: Type.Enum(WEEKDAYS), from: WallTime, until: WallTime },
  { additionalProperties: false },
);
export type Shift = Static<typeof Shift>;

/** A span in which the weekly shifts do not hold: away, or working outside them. */
const ShiftExceptionInput = Type.Object(
  {
    kind: Type.Union([Type.Literal('leave'), Type.Literal('extra')]),
    from: Instant,
    until: Instant,
    note: Type.Optional(Type.String({ maxLength: 200 })),
  },
  { additionalProperties: false },
);
export type ShiftExceptionInput = Static<typeof ShiftExceptionInput>;

const ShiftException = Type.Object({
  kind: Type.Union([Type.Literal('leave'), Type.Literal('extra')]),
  from: IsoTime,
  until: IsoTime,
  note: Type.Union([Type.String(), Type.Null()]),
});

const ROSTER_FIELDS = {
  centreId: Type.Optional(
    Type.Union([RecordId, Type.Null()], { description: 'service centre; null: the head office' }),
  ),
  timeZone: Type.Optional(
    Type.Union([TimeZone, Type.Null()], { description: 'of the shifts; null: the zone of the centre' }),
  ),
  shifts: Type.Optional(
    Type.Union([Type.Array(Shift, { maxItems: 50 }), Type.Null()], {
      description: 'weekly working hours; null: any time',
    }),
  ),
  shiftExceptions: Type.Optional(
    Type.Array(ShiftExceptionInput, { maxItems: 200, description: 'leave, and work outside the shifts' }),
  ),
  isOnCall: Type.Optional(Type.Boolean({ description: 'can be sent to urgent work off shift' })),
};

export const Technician = Type.Object({
  id: RecordId,
  number: Type.String(),
  userId: Type.Union([RecordId, Type.Null()]),
  name: Type.String(),
  phone: Type.String(),
  zone: Type.Union([Type.String(), Type.Null()]),
  isActive: Type.Boolean(),
  centreId: Type.Union([RecordId, Type.Null()]),
  timeZone: Type.Union([Type.String(), Type.Null()]),
  shifts: Type.Union([Type.Array(Shift), Type.Null()]),
  shiftExceptions: Type.Array(ShiftException),
  isOnCall: Type.Boolean(),
  skills: Type.Array(Type.Object({ skill: Type.String(), validUntil: Type.Union([IsoTime, Type.Null()]) }), {
    description: 'those with a certificate that is issued and not revoked; expired ones show their end',
  }),
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
    ...ROSTER_FIELDS,
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
    ...ROSTER_FIELDS,
  },
  { additionalProperties: false, minProperties: 1 },
);
export type TechnicianChange = Static<typeof TechnicianChange>;

export const CERTIFICATE_STATUSES = ['prepared', 'issued', 'revoked'] as const;
export type CertificateStatus = (typeof CERTIFICATE_STATUSES)[number];

/** `examined`: prepared by one person, signed by another. `attested`: entered by somebody who may sign. */
export const CERTIFICATE_BASES = ['examined', 'attested'] as const;
export type CertificateBasis = (typeof CERTIFICATE_BASES)[number];

/** That a technician or a centre has a skill (requirement O3): only an issued, unexpired one counts. */
export const Certificate = Type.Object(
  {
    id: RecordId,
    number: Type.String({ description: 'CE-000001' }),
    technicianId: Type.Union([RecordId, Type.Null()]),
    centreId: Type.Union([RecordId, Type.Null()]),
    skill: Type.String(),
    basis: Type.Enum(CERTIFICATE_BASES),
    documentNumber: Type.Union([Type.String(), Type.Null()]),
    issuer: Type.String(),
    status: Type.Enum(CERTIFICATE_STATUSES),
    preparedBy: Type.String(),
    preparedAt: IsoTime,
    signedBy: Type.Union([Type.String(), Type.Null()]),
    issuedAt: Type.Union([IsoTime, Type.Null()]),
    validUntil: Type.Union([IsoTime, Type.Null()]),
    revokedAt: Type.Union([IsoTime, Type.Null()]),
    revokedBecause: Type.Union([Type.String(), Type.Null()]),
  },
  { $id: 'Certificate', additionalProperties: false },
);
export type Certificate = Static<typeof Certificate>;

/** Body of POST /api/v1/certificates: for a technician, or for a centre. */
export const NewCertificate = Type.Object(
  {
    technicianId: Type.Optional(RecordId),
    centreId: Type.Optional(RecordId),
    skill: SkillName,
    documentNumber: Type.Optional(Type.String({ minLength: 1, maxLength: 80, description: 'on the paper' })),
    issuer: Type.String({ minLength: 1, maxLength: 200, description: 'who examined' }),
    validUntil: Type.Optional(Type.Union([Instant, Type.Null()])),
  },
  { additionalProperties: false },
);
export type NewCertificate = Static<typeof NewCertificate>;
