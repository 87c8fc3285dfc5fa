import { type CycleFlows, cycleFlows, indoorAirWattPerKelvin } from './cycle.ts';
import type { Environment } from './environment.ts';
import { environmentAt } from './environment.ts';
import { advanceFailures, type Wear, wearOf } from './failure.ts';
import { isStopped, protect } from './protection.ts';
import { type Action, SCALE, type UnitState } from './unit.ts';

const MAX_STEP_S = 60;
const ROOM_J_PER_K = 1.6e6;
const ROOM_W_PER_K = 25;
const DESIGN_LOAD_W = 5_150;
const DESIGN_AMBIENT_C = 27;
const MIN_HZ = 20;
const MAX_HZ = 100;
const KP_HZ_PER_K = 6;
const INTEGRAL_S = 1_800;
const INTEGRAL_BAND_K = 1;
const RAMP_HZ_PER_S = 1.5;
const CYCLE_S = 20;
const STANDSTILL_S = 60;
const MIN_STOP_S = 180;
const FAN_LAW_HZ = 60;
const DEFROST_HZ = 45;

/**
 * Moves a unit on by `dtMs` of its own time. Pure: weather follows from `nowMs` and the climate, so the same
 * state always has the same future.
 */
export function advance(state: UnitState, dtMs: number): UnitState {
  let next = state;
  let leftS = dtMs / 1000;
  while (leftS > 0) {
    const seconds = Math.min(leftS, MAX_STEP_S);
    next = advanceOnce(next, seconds);
    leftS -= seconds;
  }
  return next;
}

function advanceOnce(state: UnitState, seconds: number): UnitState {
  const nowMs = state.nowMs + seconds * 1000;
  const environment = environmentAt(nowMs, state.spec.climate);
  const failures = advanceFailures(state.failures, seconds);
  const wear = wearOf(failures);
  const controlled = control({ ...state, nowMs, failures }, wear, seconds);
  const moved =
    controlled.hz > 0 ? run(controlled, environment, seconds) : standStill(controlled, environment, seconds);
  return protect(count(moved, state, seconds), wear);
}

function control(state: UnitState, wear: Wear, seconds: number): UnitState {
  const error = state.roomC + wear.driftK - state.setpointC;
  const action = nextAction(state, error);
  const actionS = action === state.action ? state.actionS + seconds : 0;
  const filterFlow = 1 / Math.sqrt(1 + 0.08 * (wear.filter - 1));
  const airflow = state.isOn && action !== 'defrosting' ? wear.indoorFan * filterFlow : 0;
  if (action === 'off' || action === 'idle') {
    return { ...state, action, actionS, airflow, outdoorFan: 0, hz: 0, integralHz: FAN_LAW_HZ };
  }
  const drift = Math.abs(error) < INTEGRAL_BAND_K ? (KP_HZ_PER_K * error * seconds) / INTEGRAL_S : 0;
  const integralHz = clamp(state.integralHz + drift, MIN_HZ, MAX_HZ);
  const wanted = action === 'defrosting' ? DEFROST_HZ : integralHz + KP_HZ_PER_K * error;
  const step = RAMP_HZ_PER_S * seconds;
  const hz = clamp(
    clamp(wanted, state.hz - step, state.hz + step),
    Math.min(MIN_HZ, state.hz + step),
    MAX_HZ,
  );
  return { ...state, action, actionS, airflow, hz, integralHz, outdoorFan: hz / FAN_LAW_HZ };
}

function nextAction(state: UnitState, error: number): Action {
  if (!state.isOn) return 'off';
  if (isStopped(state.protections)) return 'idle';
  if (state.action === 'defrosting') return state.actionS >= 300 ? 'cooling' : 'defrosting';
  if (state.action === 'cooling') return error < -1.5 && state.hz <= MIN_HZ + 0.5 ? 'idle' : 'cooling';
  return error > 0 && state.actionS >= MIN_STOP_S
    ? 'cooling'
    : state.action === 'off'
      ? 'idle'
      : state.action;
}

function run(state: UnitState, environment: Environment, seconds: number): UnitState {
  const wear = wearOf(state.failures);
  const flows = cycleFlows({
    ...state,
    returnC: state.roomC,
    ambientC: environment.ambientC,
    condenser: wear.condenser,
    evaporator: wear.evaporator * (1 - 0.9 * (1 - wear.charge)),
    volumetric: wear.volumetric,
  });
  const share = Math.min(1 - Math.exp(-seconds / CYCLE_S), 0.6);
  const slow = 1 - Math.exp(-seconds / (2 * CYCLE_S));
  const evaporatingC = lag(state.evaporatingC, Math.max(flows.towardsEvaporatingC, -25), share);
  const condensingC = lag(state.condensingC, Math.min(flows.towardsCondensingC, 95), share);
  const need = valveNeed(flows, condensingC - evaporatingC, wear.charge);
  const eevSteps = lag(state.eevSteps, clamp(need, 80, 480), slow);
  const starved = Math.max(0, (need - eevSteps) / need);
  const coilLoss = 1 - wear.evaporator + 0.6 * Math.max(0, 1 - state.airflow);
  const superheat = 6 + 14 * starved + 32 * Math.max(0, 0.98 - wear.charge) - 6 * coilLoss;
  const subcooling = 6 + 2 * (1 - wear.condenser) - 22 * (1 - wear.charge);
  const scale = SCALE[state.spec.model];
  return {
    ...state,
    evaporatingC,
    condensingC,
    eevSteps,
    superheatK: lag(state.superheatK, Math.max(superheat, 0.5), slow),
    subcoolingK: lag(state.subcoolingK, Math.max(subcooling, 0), slow),
    dischargeC: lag(state.dischargeC, flows.dischargeC, slow),
    coolingW: flows.coolingW * scale,
    compressorW: flows.compressorW * scale,
    roomC: room(state, environment, { coolingW: airSide(state, flows), seconds }),
  };
}

function airSide(state: UnitState, flows: CycleFlows): number {
  if (state.action === 'defrosting') return 0;
  const most = indoorAirWattPerKelvin(state.airflow) * (state.roomC - state.evaporatingC);
  return Math.min(flows.coolingW, Math.max(most, 0));
}

function valveNeed(flows: CycleFlows, liftK: number, charge: number): number {
  return 220 * (flows.massFlowKgS / 0.0315) * Math.sqrt(35 / Math.max(liftK, 8)) * (1 + 2 * (1 - charge));
}

function standStill(state: UnitState, environment: Environment, seconds: number): UnitState {
  const share = 1 - Math.exp(-seconds / STANDSTILL_S);
  const balanceC = (state.roomC + environment.ambientC) / 2;
  return {
    ...state,
    evaporatingC: lag(state.evaporatingC, balanceC, share),
    condensingC: lag(state.condensingC, balanceC, share),
    dischargeC: lag(state.dischargeC, environment.ambientC, share / 4),
    eevSteps: lag(state.eevSteps, 220, share),
    superheatK: 6,
    subcoolingK: 6,
    coolingW: 0,
    compressorW: 0,
    roomC: room(state, environment, { coolingW: 0, seconds }),
  };
}

function room(
  state: UnitState,
  environment: Environment,
  flow: { coolingW: number; seconds: number },
): number {
  const gainsW =
    DESIGN_LOAD_W * environment.internalLoad + ROOM_W_PER_K * (environment.ambientC - DESIGN_AMBIENT_C);
  const driftW = ROOM_W_PER_K * (state.roomC - state.spec.setpointC);
  return clamp(
    state.roomC + ((gainsW - driftW - flow.coolingW) * flow.seconds) / ROOM_J_PER_K,
    5,
    environment.ambientC + 20,
  );
}

function count(state: UnitState, before: UnitState, seconds: number): UnitState {
  const hours = seconds / 3600;
  const wear = wearOf(state.failures);
  const blocked = clamp(16 + 84 * wear.drain, 0, 100);
  const drainLevelPct =
    wear.drain > 0 ? Math.max(blocked, state.drainLevelPct) : 12 + ((state.nowMs / 90_000) % 10);
  return {
    ...state,
    drainLevelPct,
    energyKwh: state.energyKwh + (state.compressorW / 1000) * hours,
    runHours: state.runHours + (state.hz > 0 ? hours : 0),
    filterHours: state.filterHours + (state.airflow > 0 ? hours : 0),
    starts: state.starts + (before.hz === 0 && state.hz > 0 ? 1 : 0),
  };
}

function lag(from: number, to: number, share: number): number {
  return from + (to - from) * share;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
