import { evaporatorEnthalpy, pressureRatio, vapourDensity } from './refrigerant.ts';

/** Where the refrigeration cycle stands now. Temperatures are saturation temperatures. */
export interface CycleInput {
  readonly hz: number;
  readonly evaporatingC: number;
  readonly condensingC: number;
  readonly superheatK: number;
  readonly subcoolingK: number;
  readonly returnC: number;
  readonly ambientC: number;
  readonly airflow: number;
  readonly outdoorFan: number;
  readonly condenser: number;
  readonly evaporator: number;
  readonly volumetric: number;
}

/** Flows at this instant, for a unit of scale 1, and the saturation temperatures that they pull towards. */
export interface CycleFlows {
  readonly massFlowKgS: number;
  readonly coolingW: number;
  readonly compressorW: number;
  readonly dischargeC: number;
  readonly towardsEvaporatingC: number;
  readonly towardsCondensingC: number;
}

const DISPLACEMENT_M3 = 1.5e-5;
const VAPOUR_J_KG_K = 1000;
const MOTOR_EFFICIENCY = 0.9;
const COMPRESSION_EXPONENT = 0.17;
const INDOOR_AIR_W_K = 520;
const INDOOR_UA_W_K = 461;
const OUTDOOR_AIR_W_K = 900;
const OUTDOOR_UA_W_K = 825;

/** Indoor air through the coil at an airflow relative to nominal, W/K. */
export function indoorAirWattPerKelvin(airflow: number): number {
  return INDOOR_AIR_W_K * Math.max(airflow, 0.05);
}

/**
 * One look at the vapour compression cycle: mass flow by the compressor map, both heat exchangers by
 * effectiveness and number of transfer units.
 */
export function cycleFlows(input: CycleInput): CycleFlows {
  const ratio = pressureRatio(input.condensingC, input.evaporatingC);
  const filling = input.volumetric * (0.95 - 0.03 * (ratio - 2.5));
  const density = vapourDensity(input.evaporatingC, input.superheatK);
  const massFlowKgS = input.hz * DISPLACEMENT_M3 * density * filling;
  const suctionC = input.evaporatingC + input.superheatK;
  const dischargeC =
    (suctionC + 273.15) * Math.max(ratio, 1) ** (COMPRESSION_EXPONENT / Math.sqrt(input.volumetric)) - 273.15;
  const enthalpy = evaporatorEnthalpy(
    input.evaporatingC,
    input.superheatK,
    input.condensingC - input.subcoolingK,
  );
  const coolingW = massFlowKgS * enthalpy;
  const compressorW = (massFlowKgS * VAPOUR_J_KG_K * (dischargeC - suctionC)) / MOTOR_EFFICIENCY;

  const indoor = transfer(
    indoorAirWattPerKelvin(input.airflow),
    INDOOR_UA_W_K * input.evaporator * Math.max(input.airflow, 0.05) ** 0.5,
  );
  const fan = Math.max(input.outdoorFan, 0.05);
  const outdoor = transfer(OUTDOOR_AIR_W_K * fan, OUTDOOR_UA_W_K * input.condenser * fan ** 0.5);
  return {
    massFlowKgS,
    coolingW,
    compressorW,
    dischargeC,
    towardsEvaporatingC: input.returnC - coolingW / indoor,
    towardsCondensingC: input.ambientC + (coolingW + compressorW) / outdoor,
  };
}

function transfer(airWattPerKelvin: number, uaWattPerKelvin: number): number {
  return airWattPerKelvin * (1 - Math.exp(-uaWattPerKelvin / airWattPerKelvin));
}
