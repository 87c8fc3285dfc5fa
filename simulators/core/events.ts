import { type FailureMode, grow } from './failure.ts';
import { isStopped } from './protection.ts';
import type { UnitState } from './unit.ts';

/** Lets a failure grow to `to`, from `from` or from where it stands; see {@link grow}. */
export function inject(
  state: UnitState,
  mode: FailureMode,
  path: { to: number; from?: number | undefined; overS?: number | undefined },
): UnitState {
  const from = path.from ?? state.failures[mode]?.level ?? 0;
  return { ...state, failures: { ...state.failures, [mode]: grow(mode, { ...path, from }) } };
}

/** The unit as a technician leaves it: nothing failing, protections reset, a cleaned filter, just restarted. */
export function heal(state: UnitState): UnitState {
  const filterHours = state.failures.filter_clogging === undefined ? state.filterHours : 0;
  return { ...restart(state), protections: [], failures: {}, filterHours, drainLevelPct: 16 };
}

/** Resets what has tripped. What caused it is still there and may trip again. */
export function clearProtections(state: UnitState): UnitState {
  const restarted = isStopped(state.protections) ? restart(state) : state;
  return { ...restarted, protections: [] };
}

/** Stops the compressor and lets it start at once, as after a controller's reset. */
export function restart(state: UnitState): UnitState {
  return { ...state, action: 'cooling', actionS: 0, hz: 0, integralHz: 60 };
}

export function changeSetpoint(state: UnitState, setpointC: number): UnitState {
  return { ...state, setpointC };
}

/** Adds to the outdoor temperature from now on; 0 ends the hot day. */
export function hotDay(state: UnitState, hotDayK: number): UnitState {
  return { ...state, spec: { ...state.spec, climate: { ...state.spec.climate, hotDayK } } };
}

/** Thaws the coil for five minutes, indoor fan off. A unit that is not cooling ignores it. */
export function defrost(state: UnitState): UnitState {
  return state.action === 'cooling' ? { ...state, action: 'defrosting', actionS: 0 } : state;
}

/** Switches the unit off, or on again as after a start; what is so already stays. */
export function switchOn(state: UnitState, isOn: boolean): UnitState {
  if (state.isOn === isOn) return state;
  return isOn ? { ...restart(state), isOn } : { ...state, isOn };
}
