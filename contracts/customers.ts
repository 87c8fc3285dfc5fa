import { type Static, Type } from 'typebox';
import { RecordId } from './ids.ts';
import { IsoTime } from './time.ts';

/** Who a customer is (requirement B3). */
export const CUSTOMER_KINDS = ['individual', 'corporate'] as const;
const CustomerKind = Type.Enum(CUSTOMER_KINDS);
export type CustomerKind = (typeof CUSTOMER_KINDS)[number];

const Name = Type.String({ minLength: 1, maxLength: 200 });
const Phone = Type.String({ pattern: '^[+0-9][0-9 ()-]{2,31}$' });
const Email = Type.String({ format: 'email', maxLength: 254 });
const Tier = Type.String({ pattern: '^[a-z0-9_]{1,32}$' });
const ContactRole = Type.String({ minLength: 1, maxLength: 64 });
const Address = Type.String({ minLength: 1, maxLength: 500 });
const Zone = Type.String({ minLength: 1, maxLength: 64, description: 'dispatch zone' });
const TimeZone = Type.String({ minLength: 1, maxLength: 64, description: 'IANA, e.g. Asia/Shanghai' });
const Latitude = Type.Number({ minimum: -90, maximum: 90, description: 'degrees, WGS 84' });
const Longitude = Type.Number({ minimum: -180, maximum: 180, description: 'degrees, WGS 84' });

export const Customer = Type.Object({
  id: RecordId,
  number: Type.String(),
  kind: CustomerKind,
  name: Type.String(),
  phone: Type.Union([Type.String(), Type.Null()]),
  email: Type.Union([Type.String(), Type.Null()]),
  tier: Type.String(),
  version: Type.Integer(),
  createdAt: IsoTime,
});
export type Customer = Static<typeof Customer>;

export const Contact = Type.Object({
  id: RecordId,
  customerId: RecordId,
  name: Type.String(),
  phone: Type.Union([Type.String(), Type.Null()]),
  email: Type.Union([Type.String(), Type.Null()]),
  role: Type.Union([Type.String(), Type.Null()]),
});
export type Contact = Static<typeof Contact>;

export const Site = Type.Object({
  id: RecordId,
  number: Type.String(),
  customerId: RecordId,
  name: Type.String(),
  address: Type.String(),
  zone: Type.Union([Type.String(), Type.Null()]),
  timeZone: Type.String(),
  latitude: Type.Union([Type.Number(), Type.Null()]),
  longitude: Type.Union([Type.Number(), Type.Null()]),
  version: Type.Integer(),
  createdAt: IsoTime,
});
export type Site = Static<typeof Site>;

/** Body of POST /api/v1/customers. */
export const NewCustomer = Type.Object(
  {
    kind: CustomerKind,
    name: Name,
    phone: Type.Optional(Phone),
    email: Type.Optional(Email),
    tier: Type.Optional(Tier),
  },
  { additionalProperties: false },
);
export type NewCustomer = Static<typeof NewCustomer>;

/** Body of PATCH /api/v1/customers/{id}. */
export const CustomerChange = Type.Object(
  {
    kind: Type.Optional(CustomerKind),
    name: Type.Optional(Name),
    phone: Type.Optional(Type.Union([Phone, Type.Null()])),
    email: Type.Optional(Type.Union([Email, Type.Null()])),
    tier: Type.Optional(Tier),
  },
  { additionalProperties: false, minProperties: 1 },
);
export type CustomerChange = Static<typeof CustomerChange>;

/** Body of POST /api/v1/customers/{id}/contacts. */
export const NewContact = Type.Object(
  {
    name: Name,
    phone: Type.Optional(Phone),
    email: Type.Optional(Email),
    role: Type.Optional(ContactRole),
  },
  { additionalProperties: false },
);
export type NewContact = Static<typeof NewContact>;

/** Body of POST /api/v1/sites. */
export const NewSite = Type.Object(
  {
    customerId: RecordId,
    name: Name,
    address: Address,
    zone: Type.Optional(Zone),
    timeZone: Type.Optional(TimeZone),
    latitude: Type.Optional(Latitude),
    longitude: Type.Optional(Longitude),
  },
  { additionalProperties: false },
);
export type NewSite = Static<typeof NewSite>;

/** Body of PATCH /api/v1/sites/{id}. */
export const SiteChange = Type.Object(
  {
    name: Type.Optional(Name),
    address: Type.Optional(Address),
    zone: Type.Optional(Type.Union([Zone, Type.Null()])),
    timeZone: Type.Optional(TimeZone),
    latitude: Type.Optional(Type.Union([Latitude, Type.Null()])),
    longitude: Type.Optional(Type.Union([Longitude, Type.Null()])),
  },
  { additionalProperties: false, minProperties: 1 },
);
export type SiteChange = Static<typeof SiteChange>;
