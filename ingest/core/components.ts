import type { DeviceRef } from '#contracts/point-batch.ts';

/** Components of one device, at most: a VRF system has 64 indoor units. */
export const MAX_COMPONENTS = 64;

/**
 * Which components each device has named so far. Every one costs rule state and table keys that stay, so a device
 * that invents them is stopped here.
 */
export interface ComponentBook {
  allows(device: DeviceRef, component: string): boolean;
}

export function createComponentBook(): ComponentBook {
  const named: (Set<string> | undefined)[] = [];
  return {
    allows(device, component) {
      if (component === '') return true;
      let known = named[device.index];
      if (known === undefined) {
        known = new Set();
        named[device.index] = known;
      }
      if (known.has(component)) return true;
      if (known.size >= MAX_COMPONENTS) return false;
      known.add(component);
      return true;
    },
  };
}
