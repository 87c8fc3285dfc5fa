import type { Climate } from './environment.ts';
import type { Failures } from './failure.ts';
import { createRandom, hashSeed } from './random.ts';

/** Models that the simulator can be; ids as in the catalog of device models. */
export const MODELS = ['split-generic', 'vrf-generic', 'chiller-generic'] as const;
export type ModelId = (typeof MODELS)[number];

/** How often a larger machine holds the small one that the cycle is computed for. */
export const SCALE: Readonly<Record<ModelId, number>> = {
  'split-generic': 1,
  'vrf-generic': 4,
  'chiller-generic': 20,
};

export type Action = 'off' | 'cooling' | 'idle' | 'defrosting';

/** What a unit is, for as long as it runs. */
export interface UnitSpec {
  readonly id: string;
  readonly model: ModelId;
  readonly seed: number;
  readonly setpointC: number;
  readonly climate: Climate;
}

/** All that a unit knows from one step to the next. Powers are of the whole machine, the cycle of scale 1. */
export interface UnitState {
  readonly spec: UnitSpec;
  readonly random: number;
  readonly nowMs: number;
  readonly setpointC: number;
  readonly isOn: boolean;
  readonly action: Action;
  readonly actionS: number;
  readonly roomC: number;
  readonly hz: number;
  readonly integralHz: number;
  readonly evaporatingC: number;
  readonly condensingC: number;
  readonly dischargeC: number;
  readonly superheatK: number;
  readonly subcoolingK: number;
  readonly eevSteps: number;
  readonly airflow: number;
  readonly outdoorFan: number;
  readonly coolingW: number;
  readonly compressorW: number;
  readonly drainLevelPct: number;
  readonly failures: Failures;
  /** Families that the unit's own controller has tripped or warned of. */
  readonly protections: readonly string[];
  readonly energyKwh: number;
  readonly runHours: number;
  readonly filterHours: number;
  readonly starts: number;
}

const HOUR_MS = 3_600_000;
const INSTALLED_MS = Date.UTC(2025, 0, 1);
const FILTER_CHANGE_HOURS = 1_000;

/** A unit that has been cooling for a while. Counters follow from the time, so a restart does not set them back. */
export function createUnit(spec: UnitSpec, nowMs: number): UnitState {
  const random = createRandom(hashSeed(spec.seed, spec.id));
  const ageH = Math.max(nowMs - INSTALLED_MS, 0) / HOUR_MS + 2_000 + 4_000 * random.next();
  return {
    spec,
    random: random.state(),
    nowMs,
    setpointC: spec.setpointC,
    isOn: true,
    action: 'cooling',
    actionS: 3_600,
    roomC: spec.setpointC,
    hz: 60,
    integralHz: 60,
    evaporatingC: 8,
    condensingC: 43,
    dischargeC: 68,
    superheatK: 6,
    subcoolingK: 6,
    eevSteps: 220,
    airflow: 1,
    outdoorFan: 1,
    coolingW: 5_200 * SCALE[spec.model],
    compressorW: 1_800 * SCALE[spec.model],
    drainLevelPct: 12 + 8 * random.next(),
    failures: {},
    protections: [],
    energyKwh: ageH * 2 * SCALE[spec.model],
    runHours: ageH,
    filterHours: ageH % FILTER_CHANGE_HOURS,
    starts: Math.floor(ageH / 9),
  };
}

/** True while the compressor turns: only then do superheat, subcooling and the like mean anything. */
export function isRunning(state: UnitState): boolean {
  return state.hz > 0;
}
