import { createRandom } from './random.ts';

/** What surrounds a unit at an instant. `internalLoad` is relative to what the unit was sized for. */
export interface Environment {
  readonly ambientC: number;
  readonly humidityPct: number;
  readonly internalLoad: number;
}

/** Weather and use of a site; `hotDayK` is added to the outdoor temperature. */
export interface Climate {
  readonly seed: number;
  readonly meanC: number;
  readonly seasonK: number;
  readonly dayK: number;
  readonly hotDayK: number;
}

/** A southern coast: about 16 °C on a winter night, 40 °C on the hottest summer afternoon. */
export const SUBTROPICAL: Omit<Climate, 'seed'> = { meanC: 27.5, seasonK: 5.5, dayK: 4, hotDayK: 0 };

const DAY_MS = 86_400_000;
const YEAR_DAYS = 365.25;
const LOCAL_OFFSET_MS = 8 * 3_600_000;
const SPREAD_K = 3;

/** Weather and load at an instant: a pure function of time and climate, continuous over midnight. */
export function environmentAt(nowMs: number, climate: Climate): Environment {
  const localMs = nowMs + LOCAL_OFFSET_MS;
  const day = Math.floor(localMs / DAY_MS);
  const part = localMs / DAY_MS - day;
  const weather = spread(climate.seed, day) * (1 - part) + spread(climate.seed, day + 1) * part;
  const season = Math.cos((2 * Math.PI * ((day + part) % YEAR_DAYS) - 2 * Math.PI * 200) / YEAR_DAYS);
  const daily = Math.cos(2 * Math.PI * (part - 14.5 / 24));
  const occupied = 0.5 + 0.5 * Math.cos(2 * Math.PI * (part - 14 / 24));
  return {
    ambientC: climate.meanC + climate.seasonK * season + climate.dayK * daily + weather + climate.hotDayK,
    humidityPct: 54 - 3 * daily + weather / 2,
    internalLoad: 0.97 + 0.06 * occupied,
  };
}

function spread(seed: number, day: number): number {
  return (createRandom(seed ^ Math.imul(day, 0x9e3779b1)).next() - 0.5) * 2 * SPREAD_K;
}
