import { environmentAt } from './environment.ts';
import { type Wear, wearOf } from './failure.ts';
import { createRandom, type Random } from './random.ts';
import { saturationCelsius, saturationKpa } from './refrigerant.ts';
import { isRunning, SCALE, type UnitState } from './unit.ts';

/** Metric values in canonical units; booleans as such and enums by name, as on the wire. */
export type Values = Readonly<Record<string, number | string | boolean>>;

const INDOOR_RPM = 1_150;
const OUTDOOR_RPM = 820;
const CLEAN_FILTER_PA = 62;
const CHILLED_SETPOINT_C = 7;

type Sensor = (value: number, spread: number, stepSize: number) => number;

/** What the unit's sensors say now: true values with noise and the sensor's resolution. */
export function observe(state: UnitState): { state: UnitState; values: Values } {
  const random = createRandom(state.random);
  const sensor = createSensor(random);
  const values =
    state.spec.model === 'chiller-generic'
      ? { ...control(state), ...cycle(state, sensor), ...chiller(state, sensor) }
      : { ...control(state), ...cycle(state, sensor), ...indoor(state, sensor) };
  return { state: { ...state, random: random.state() }, values: { ...values, rssi: signal(state, sensor) } };
}

/** Slow counters, which devices report seldom. */
export function counters(state: UnitState): Values {
  return {
    energy: round(state.energyKwh, 0.01),
    run_hours: round(state.runHours, 0.01),
    ...(state.spec.model === 'chiller-generic' ? {} : { filter_hours: round(state.filterHours, 0.01) }),
    starts: state.starts,
  };
}

function createSensor(random: Random): Sensor {
  return (value, spread, stepSize) => {
    const noise = Math.min(Math.max(random.normal(), -2.5), 2.5) * spread;
    return round(value + noise, stepSize);
  };
}

function control(state: UnitState): Values {
  return {
    power_on: state.isOn,
    mode: state.isOn ? 'cool' : 'off',
    fan_mode: 'high',
    action: state.action,
    setpoint: state.spec.model === 'chiller-generic' ? CHILLED_SETPOINT_C : state.setpointC,
  };
}

function cycle(state: UnitState, sensor: Sensor): Values {
  const { ambientC } = environmentAt(state.nowMs, state.spec.climate);
  const scale = SCALE[state.spec.model];
  const perUnitW = state.compressorW / scale;
  const suctionKpa = sensor(saturationKpa(state.evaporatingC), 2, 1);
  const dischargeKpa = sensor(saturationKpa(state.condensingC), 4, 1);
  const suctionC = sensor(state.evaporatingC + state.superheatK, 0.1, 0.1);
  const liquidC = sensor(state.condensingC - state.subcoolingK, 0.1, 0.1);
  const ambient = sensor(ambientC, 0.1, 0.1);
  const spinning = state.outdoorFan > 0;
  const measured: Values = {
    suction_pressure: suctionKpa,
    discharge_pressure: dischargeKpa,
    suction_temp: suctionC,
    discharge_temp: sensor(state.dischargeC, 0.3, 0.5),
    liquid_temp: liquidC,
    eev_steps: Math.round(state.eevSteps),
    compressor_hz: round(state.hz, 1),
    compressor_current: sensor((perUnitW / 210) * scale, isRunning(state) ? 0.05 : 0, 0.1),
    ipm_temp: sensor(ambientC + 6 + perUnitW * 0.0065, 0.3, 0.5),
    dc_bus_voltage: sensor(352 - perUnitW * 0.006, 1, 1),
    power: sensor(state.compressorW + 160 * scale * (spinning ? 1 : 0.3), 4 * scale, 1),
    ambient_temp: ambient,
    outdoor_coil_temp: sensor(state.condensingC - 1.2, 0.15, 0.1),
    outdoor_fan_rpm: spinning ? sensor(OUTDOOR_RPM * state.outdoorFan, 3, 1) : 0,
    outdoor_fan_current: spinning ? sensor(0.55 * state.outdoorFan ** 2 * scale, 0.01, 0.01) : 0,
    vibration: Math.max(0.1, sensor(0.3 + (state.hz / 60) * 1.3 + vibrationOf(state), 0.05, 0.01)),
  };
  if (!isRunning(state)) return measured;
  return {
    ...measured,
    superheat: round(suctionC - saturationCelsius(suctionKpa), 0.1),
    subcooling: round(saturationCelsius(dischargeKpa) - liquidC, 0.1),
    condensing_over_ambient: round(saturationCelsius(dischargeKpa) - ambient, 0.1),
  };
}

function vibrationOf(state: UnitState): number {
  const wear = wearOf(state.failures);
  return 5 * wear.bearing + 4 * (1 - wear.volumetric);
}

function indoor(state: UnitState, sensor: Sensor): Values {
  const wear = wearOf(state.failures);
  const coilC = coilOf(state);
  const blowing = state.airflow > 0.05;
  const bypass = blowing && state.hz > 0 ? supplyOf(state) : state.roomC;
  return {
    return_temp: sensor(state.roomC + wear.driftK, 0.05, 0.1),
    room_temp: sensor(state.roomC, 0.05, 0.1),
    supply_temp: sensor(bypass, 0.1, 0.1),
    humidity: sensor(environmentAt(state.nowMs, state.spec.climate).humidityPct, 0.4, 0.5),
    coil_temp: sensor(coilC, 0.1, 0.1),
    ...fan(state, wear, sensor),
    filter_dp: Math.max(0, sensor(CLEAN_FILTER_PA * wear.filter * state.airflow ** 2, 1, 1)),
    drain_level: Math.max(0, sensor(state.drainLevelPct, 0.3, 1)),
  };
}

function coilOf(state: UnitState): number {
  return state.hz > 0 ? state.evaporatingC + 1 : state.roomC - 1;
}

/** Air leaves the coil colder by the heat it gave up; never below the coil itself. */
function supplyOf(state: UnitState): number {
  const perKelvin = 520 * state.airflow;
  const dropK = state.coolingW / SCALE[state.spec.model] / perKelvin;
  return Math.max(state.roomC - dropK, coilOf(state));
}

function fan(state: UnitState, wear: Wear, sensor: Sensor): Values {
  const turning = state.isOn && wear.indoorFan > 0 && state.action !== 'defrosting';
  if (!turning) return { fan_rpm: 0, fan_current: 0 };
  return {
    fan_rpm: Math.max(0, sensor(INDOOR_RPM * wear.indoorFan, 3 + 60 * wear.bearing, 1)),
    fan_current: Math.max(0, sensor(0.62 * (1 + 0.2 * wear.bearing), 0.005, 0.01)),
  };
}

function chiller(state: UnitState, sensor: Sensor): Values {
  const wear = wearOf(state.failures);
  const approachK = 1.5 / wear.evaporator;
  const running = isRunning(state);
  const loadPct = (state.coolingW / SCALE[state.spec.model] / 5_200) * 70;
  const supplyC = running ? state.evaporatingC + approachK : 12;
  return {
    chilled_supply_temp: sensor(supplyC, 0.05, 0.1),
    chilled_return_temp: sensor(supplyC + (loadPct / 70) * 5, 0.05, 0.1),
    ...(running
      ? {
          evaporator_approach: Math.max(0, sensor(approachK, 0.05, 0.1)),
          condenser_approach: Math.max(0, sensor(1.5 / wear.condenser, 0.05, 0.1)),
        }
      : {}),
    load: Math.max(0, sensor(loadPct, 0.5, 1)),
  };
}

function signal(state: UnitState, sensor: Sensor): number {
  return Math.min(-50, Math.max(-70, sensor(-60, 2, 1) + (state.spec.seed % 5)));
}

function round(value: number, stepSize: number): number {
  const steps = Math.round(value / stepSize);
  return Number((steps * stepSize).toFixed(3));
}

const INDOOR_UNITS: readonly string[] = ['idu-1', 'idu-2', 'idu-3'];

/** The indoor units of a VRF system by component; other models have none. */
export function indoorUnits(state: UnitState): readonly (readonly [string, Values])[] {
  if (state.spec.model !== 'vrf-generic') return [];
  const base = createRandom(state.random);
  return INDOOR_UNITS.map((component, index) => {
    const sensor = createSensor(base);
    const offsetK = (index - 1) * 0.4;
    return [
      component,
      {
        return_temp: sensor(state.roomC + offsetK, 0.05, 0.1),
        supply_temp: sensor(state.hz > 0 ? supplyOf(state) + offsetK : state.roomC, 0.1, 0.1),
        coil_temp: sensor(coilOf(state) + offsetK / 2, 0.1, 0.1),
        eev_steps: Math.round(state.eevSteps * (0.95 + 0.05 * index)),
        fan_rpm: state.airflow > 0 ? sensor(INDOOR_RPM, 3, 1) : 0,
      },
    ] as const;
  });
}
