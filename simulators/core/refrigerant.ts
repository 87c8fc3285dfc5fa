const ATMOSPHERE_KPA = 101.3;
const SPECIFIC_GAS_J_KG_K = 114.5;
const COMPRESSIBILITY = 0.85;

const A = 15.5231;
const B = -2453.94;
const C = 277.5;

/**
 * Saturation pressure of R410A as a gauge shows it, kPa; Antoine fit, within 1 % absolute from -20 to 65 °C.
 */
export function saturationKpa(celsius: number): number {
  return Math.exp(A + B / (celsius + C)) - ATMOSPHERE_KPA;
}

/** Inverse of {@link saturationKpa}. */
export function saturationCelsius(gaugeKpa: number): number {
  return B / (Math.log(gaugeKpa + ATMOSPHERE_KPA) - A) - C;
}

/** Density of vapour at the evaporating temperature plus superheat, kg/m³. */
export function vapourDensity(evaporatingC: number, superheatK: number): number {
  const pressurePa = (saturationKpa(evaporatingC) + ATMOSPHERE_KPA) * 1000;
  return pressurePa / (COMPRESSIBILITY * SPECIFIC_GAS_J_KG_K * (evaporatingC + superheatK + 273.15));
}

/** Absolute pressure ratio between two saturation temperatures. */
export function pressureRatio(condensingC: number, evaporatingC: number): number {
  return (saturationKpa(condensingC) + ATMOSPHERE_KPA) / (saturationKpa(evaporatingC) + ATMOSPHERE_KPA);
}

/** Heat that a kilogram takes up in the evaporator, J/kg. */
export function evaporatorEnthalpy(evaporatingC: number, superheatK: number, liquidC: number): number {
  const vapour = 421.5 + 0.3 * evaporatingC + 0.9 * superheatK;
  const liquid = 200 + 1.5 * liquidC + 0.0045 * liquidC ** 2;
  return (vapour - liquid) * 1000;
}
