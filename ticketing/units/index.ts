import type { Audit } from '#platform/audit/audit.ts';
import type { Tx } from '#platform/db/db.ts';
import { bindDevice, type DeviceBinding } from './bind-device.ts';

export { UNIT_MIGRATIONS } from './migrations.ts';
export { findUnit, lockUnits, unitOfDevice, unitOfSerial, unitsOfCustomer } from './records.ts';
export { unitRoutes } from './routes.ts';
export { type UnitCard, unitCard } from './unit-card.ts';
export { placesOfUnits } from './unit-places.ts';

/** The register's part in registering a device; reading it is by this door's functions. */
interface Units {
  bindDevice(tx: Tx, binding: DeviceBinding): Promise<{ unitId: string }>;
}

export function createUnits(deps: { readonly audit: Audit }): Units {
  return { bindDevice: (tx, binding) => bindDevice(deps, tx, binding) };
}
