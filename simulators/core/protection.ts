import type { Wear } from './failure.ts';
import { saturationKpa } from './refrigerant.ts';
import type { UnitState } from './unit.ts';

/** Gauge pressure at which the high pressure switch of a unit opens, kPa. */
export const HIGH_PRESSURE_TRIP_KPA = 4_150;

const SETTLED_S = 120;
const STOPPING: ReadonlySet<string> = new Set([
  'high_pressure',
  'freeze_protection',
  'discharge_overheat',
  'indoor_fan',
]);

/** True when one of the protections keeps the compressor from running. */
export function isStopped(protections: readonly string[]): boolean {
  return protections.some((family) => STOPPING.has(family));
}

/** Adds the protections that trip now; they latch until the unit is healed or cleared. */
export function protect(state: UnitState, wear: Wear): UnitState {
  const tripped = tripsOf(state, wear).filter((family) => !state.protections.includes(family));
  return tripped.length === 0 ? state : { ...state, protections: [...state.protections, ...tripped] };
}

function tripsOf(state: UnitState, wear: Wear): string[] {
  const trips: string[] = [];
  if (wear.indoorFan === 0 && state.isOn) trips.push('indoor_fan');
  if (wear.drain >= 0.95) trips.push('drain');
  if (state.hz === 0 || state.action !== 'cooling') return trips;
  if (saturationKpa(state.condensingC) > HIGH_PRESSURE_TRIP_KPA) trips.push('high_pressure');
  if (state.dischargeC > 115) trips.push('discharge_overheat');
  if (state.actionS < SETTLED_S) return trips;
  if (state.evaporatingC < -4) trips.push('freeze_protection');
  if (state.superheatK > 13 && state.subcoolingK < 2) trips.push('refrigerant_shortage');
  return trips;
}
