import type { Tx } from '#platform/db/db.ts';

/** Who keeps the units: says which unit a new device speaks for, making one where `unitId` is null. */
export interface UnitDirectory {
  bindDevice(
    tx: Tx,
    binding: {
      readonly deviceId: string;
      readonly kind: string;
      readonly model: string;
      readonly serial: string | null;
      readonly siteId: string | null;
      readonly unitId: string | null;
      readonly atMs: number;
    },
  ): Promise<{ unitId: string }>;
}
