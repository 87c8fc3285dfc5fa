import type { Migrations } from '#platform/db/migrate.ts';
import { CUSTOMER_MIGRATIONS } from '#ticketing/customers/index.ts';
import { PEOPLE_MIGRATIONS } from '#ticketing/people/index.ts';
import { UNIT_MIGRATIONS } from '#ticketing/units/index.ts';

/** Every feature's migrations; a feature with tables adds its line here. */
export const ALL_MIGRATIONS: readonly Migrations[] = [
  CUSTOMER_MIGRATIONS,
  UNIT_MIGRATIONS,
  PEOPLE_MIGRATIONS,
];
