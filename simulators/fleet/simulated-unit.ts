import {
  changeSetpoint,
  clearProtections,
  defrost,
  heal,
  hotDay,
  inject,
  restart,
  switchOn,
} from '../core/events.ts';
import { FAMILY_OF_MODE, type FailureMode, isFailureMode } from '../core/failure.ts';
import { counters, indoorUnits, observe } from '../core/sensors.ts';
import { series } from '../core/simulate.ts';
import { advance } from '../core/step.ts';
import { createUnit, type ModelId, type UnitState } from '../core/unit.ts';
import type { ScenarioEvent } from '../scenario/scenario.ts';
import type { UnitCommand } from './commands.ts';
import type { WireFault, WirePoint } from './device-agent.ts';
import { codeOfFamily } from './fault-codes.ts';
import { toWireUnits } from './wire-values.ts';

/** Where a unit's own words go: to its agent. */
export interface UnitOutlet {
  record(point: WirePoint): void;
  report(fault: WireFault): void;
  goOffline(): void;
  goOnline(): void;
}

export interface PastWindow {
  readonly fromMs: number;
  readonly toMs: number;
  readonly knownUntilMs: number;
}

/** One unit of the fleet: its physics, its fault codes, and what a scenario can do to it. */
export interface SimulatedUnit {
  readonly id: string;
  readonly model: ModelId;
  /** Moves on by `dtMs` of the unit's own time and reports fault codes that came or went. */
  advance(dtMs: number, nowMs: number): void;
  /** Records what the sensors say now. */
  sample(nowMs: number): void;
  apply(event: Omit<ScenarioEvent, 'atS' | 'unit'>, nowMs: number): void;
  /** Does what a command says. */
  obey(command: UnitCommand, nowMs: number): void;
  /** Lives through the past that a unit brings along and records what is newer than `knownUntilMs`. */
  recall(event: ScenarioEvent, window: PastWindow): void;
  activeCodes(): readonly string[];
  failures(): readonly FailureMode[];
}

const HOUR_S = 3_600;
const COUNTERS_EVERY_MS = 300_000;

export function createSimulatedUnit(initial: UnitState, outlet: UnitOutlet): SimulatedUnit {
  let state = initial;
  let countersAtMs = Number.NEGATIVE_INFINITY;
  let known = new Map<string, string>();
  const injected = new Map<string, string>();
  const codeOfMode = new Map<FailureMode, string>();
  const { id, model } = initial.spec;

  const announce = (nowMs: number): void => {
    const active = activeCodes(state, injected, codeOfMode);
    for (const [code, component] of active) {
      if (!known.has(code)) outlet.report({ ts: nowMs, component, code, state: 'raised' });
    }
    for (const [code, component] of known) {
      if (!active.has(code)) outlet.report({ ts: nowMs, component, code, state: 'cleared' });
    }
    known = active;
  };

  const fault = (event: Omit<ScenarioEvent, 'atS' | 'unit'>): void => {
    if (event.mode === 'offline') {
      outlet.goOffline();
      return;
    }
    if (event.mode === 'code' || event.mode === undefined) {
      if (event.code !== undefined) injected.set(event.code, event.component ?? '');
      return;
    }
    if (!isFailureMode(event.mode)) return;
    if (event.code !== undefined) codeOfMode.set(event.mode, event.code);
    state = inject(state, event.mode, { to: event.level ?? 1, overS: event.overS });
  };

  const actions: Readonly<Record<ScenarioEvent['do'], (event: Omit<ScenarioEvent, 'atS' | 'unit'>) => void>> =
    {
      fault,
      wear: (event) => fault({ ...event, overS: event.overS ?? 0 }),
      heal: () => {
        injected.clear();
        codeOfMode.clear();
        state = heal(state);
      },
      clear: () => {
        injected.clear();
        state = clearProtections(state);
      },
      offline: () => outlet.goOffline(),
      online: () => outlet.goOnline(),
      history: () => undefined,
      session: () => undefined,
      setpoint: (event) => {
        state = changeSetpoint(state, event.value ?? state.setpointC);
      },
      hot_day: (event) => {
        state = hotDay(state, event.value ?? 0);
      },
      defrost: () => {
        state = defrost(state);
      },
      restart: () => {
        state = restart(clearProtections(state));
      },
    };

  return {
    id,
    model,
    advance(dtMs, nowMs) {
      state = advance(state, dtMs);
      announce(nowMs);
    },
    sample(nowMs) {
      const seen = observe(state);
      state = seen.state;
      const isCounting = nowMs - countersAtMs >= COUNTERS_EVERY_MS;
      if (isCounting) countersAtMs = nowMs;
      const values = isCounting ? { ...seen.values, ...counters(state) } : seen.values;
      outlet.record({ ts: nowMs, values: toWireUnits(model, values) });
      for (const [component, part] of indoorUnits(state))
        outlet.record({ ts: nowMs, component, values: part });
    },
    apply(event, nowMs) {
      actions[event.do](event);
      announce(nowMs);
    },
    obey(command, nowMs) {
      if (command.name === 'set_mode') state = switchOn(state, command.isOn);
      else actions[command.name === 'clear_fault' ? 'clear' : 'restart']({ do: 'restart' });
      announce(nowMs);
    },
    recall(event, window) {
      const past = remember(createUnit(state.spec, window.fromMs), event);
      const recalled = series(past, { toMs: window.toMs, stepMs: (event.stepS ?? HOUR_S) * 1000 });
      for (const { ts, values } of recalled.points) {
        if (ts > window.knownUntilMs) outlet.record({ ts, values: toWireUnits(model, values) });
      }
      state = recalled.state;
    },
    activeCodes: () => [...activeCodes(state, injected, codeOfMode).keys()],
    failures: () => Object.keys(state.failures) as FailureMode[],
  };
}

/** The unit at the beginning of its history; its failure keeps its pace after `toLevel`, until it is complete. */
function remember(unit: UnitState, event: ScenarioEvent): UnitState {
  if (event.mode === undefined || !isFailureMode(event.mode)) return unit;
  const from = event.fromLevel ?? 0;
  const perDay = ((event.toLevel ?? 1) - from) / (event.days ?? 1);
  const overS = perDay > 0 ? ((1 - from) / perDay) * 24 * HOUR_S : 0;
  const aged = inject(unit, event.mode, perDay > 0 ? { from, to: 1, overS } : { from, to: from, overS });
  return event.mode === 'filter_clogging' ? { ...aged, filterHours: 0 } : aged;
}

/** Codes that are active now, each with its component. */
function activeCodes(
  state: UnitState,
  injected: ReadonlyMap<string, string>,
  codeOfMode: ReadonlyMap<FailureMode, string>,
): Map<string, string> {
  const active = new Map(injected);
  const named = new Set<string>();
  for (const [mode, code] of codeOfMode) {
    const family = FAMILY_OF_MODE[mode];
    named.add(family);
    const isComplete = (state.failures[mode]?.level ?? 0) >= 1;
    if (isComplete || state.protections.includes(family)) active.set(code, '');
  }
  for (const family of state.protections) {
    const code = named.has(family) ? null : codeOfFamily(state.spec.model, family);
    if (code !== null) active.set(code, '');
  }
  return active;
}
