import { findDeviceModel } from '#contracts/device-models.ts';

/** The code that a model reports for a fault family, or null where its controller has none. */
export function codeOfFamily(model: string, family: string): string | null {
  const table = findDeviceModel(model)?.faultCodes ?? {};
  for (const [code, meaning] of Object.entries(table)) {
    if (meaning === family) return code;
  }
  return null;
}
