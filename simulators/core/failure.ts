/** What can go wrong inside a unit. `offline` and a plain code are no physics: the fleet does those. */
export const FAILURE_MODES = [
  'high_pressure',
  'refrigerant_leak',
  'condenser_fouling',
  'filter_clogging',
  'evaporator_fouling',
  'compressor_wear',
  'fan_bearing',
  'sensor_drift',
  'drain_blocked',
] as const;
export type FailureMode = (typeof FAILURE_MODES)[number];

/** How far a failure has come: 0 is as new, 1 is as bad as it gets. It grows towards `target`. */
export interface Failure {
  readonly level: number;
  readonly target: number;
  readonly perS: number;
}

export type Failures = Readonly<Partial<Record<FailureMode, Failure>>>;

/** Factors on a unit as new; 1 is new. `driftK` is added to the return air sensor. */
export interface Wear {
  readonly condenser: number;
  readonly evaporator: number;
  readonly charge: number;
  readonly volumetric: number;
  readonly indoorFan: number;
  readonly filter: number;
  readonly bearing: number;
  readonly driftK: number;
  readonly drain: number;
}

/** Seconds from as new to as bad as it gets when a failure is injected without saying how long it takes. */
const SUDDEN_S: Readonly<Record<FailureMode, number>> = {
  high_pressure: 12,
  refrigerant_leak: 60,
  condenser_fouling: 90,
  filter_clogging: 60,
  evaporator_fouling: 60,
  compressor_wear: 60,
  fan_bearing: 60,
  sensor_drift: 60,
  drain_blocked: 90,
};

/** Fault family that a failure ends in; its code is what the unit's controller reports. */
export const FAMILY_OF_MODE: Readonly<Record<FailureMode, string>> = {
  high_pressure: 'high_pressure',
  refrigerant_leak: 'refrigerant_shortage',
  condenser_fouling: 'high_pressure',
  filter_clogging: 'freeze_protection',
  evaporator_fouling: 'freeze_protection',
  compressor_wear: 'discharge_overheat',
  fan_bearing: 'indoor_fan',
  sensor_drift: 'indoor_sensor',
  drain_blocked: 'drain',
};

export function isFailureMode(text: string): text is FailureMode {
  return (FAILURE_MODES as readonly string[]).includes(text);
}

/** A failure that grows from `from` to `to`; `overS` seconds for the way, or as fast as its mode usually does. */
export function grow(
  mode: FailureMode,
  path: { from: number; to: number; overS?: number | undefined },
): Failure {
  const way = Math.abs(path.to - path.from);
  const overS = path.overS ?? SUDDEN_S[mode] * way;
  return { level: path.from, target: path.to, perS: overS > 0 ? way / overS : Number.POSITIVE_INFINITY };
}

/** Moves each failure towards its target by `seconds`. */
export function advanceFailures(failures: Failures, seconds: number): Failures {
  const next: Partial<Record<FailureMode, Failure>> = {};
  for (const mode of FAILURE_MODES) {
    const failure = failures[mode];
    if (failure === undefined) continue;
    const gap = failure.target - failure.level;
    const move = Math.min(Math.abs(gap), failure.perS * seconds);
    next[mode] = { ...failure, level: failure.level + Math.sign(gap) * move };
  }
  return next;
}

/** What the failures of a unit do to its parts. */
export function wearOf(failures: Failures): Wear {
  const at = (mode: FailureMode): number => failures[mode]?.level ?? 0;
  const bearing = at('fan_bearing');
  return {
    condenser: (1 - 0.58 * at('condenser_fouling')) * (1 - 0.93 * at('high_pressure')),
    evaporator: 1 - 0.5 * at('evaporator_fouling'),
    charge: 1 - 0.35 * at('refrigerant_leak'),
    volumetric: 1 - 0.35 * at('compressor_wear'),
    indoorFan: bearing >= 1 ? 0 : 1 - 0.2 * bearing,
    filter: 1 + 5.5 * at('filter_clogging'),
    bearing,
    driftK: 6 * at('sensor_drift'),
    drain: at('drain_blocked'),
  };
}
