import { type FaultCodeMap, faultCodeMap } from './fault-code-map.ts';

/** Wall-mounted splits. F0 is told while refrigerant is recovered too, but then the unit is in service mode. */
const GREE_SPLIT = faultCodeMap({
  vendor: 'Gree',
  series: 'split',
  sources: ['Gree wall-mounted split service manuals', 'heatpumpanswers.com/gree-error-codes'],
  codesOf: {
    high_pressure: 'E1',
    freeze_protection: 'E2 dE',
    low_pressure: 'E3',
    discharge_overheat: 'E4',
    compressor_overcurrent: 'E5 H3 P5',
    communication: 'E6 P6',
    mode_conflict: 'E7',
    outdoor_fan: 'L3',
    protection_device: 'E8 H4',
    supply_voltage: 'E0 PH PL U3',
    drain: 'E9 H8',
    controller: 'EE',
    refrigerant_shortage: 'F0',
    indoor_sensor: 'F1 F2',
    outdoor_sensor: 'F3 F4 F5 P7',
    power_module: 'H5 HC P8 PU U1 U5',
    indoor_fan: 'H6 U8',
    compressor_start: 'H7 LC Ld LE',
    reversing_valve: 'U7',
    configuration: 'C5 LP',
    state: 'H1 H0 F6 F8 F9 FH P0 P1 P2 P3',
  },
});

/** Cassettes and ducted units of light commerce: F codes are shifted by one against the wall-mounted splits. */
const GREE_U_MATCH = faultCodeMap({
  vendor: 'Gree',
  series: 'U-Match',
  sources: ['Gree U-Match 5 service manual (GUD35PS, GUD50PS)'],
  codesOf: {
    high_pressure: 'E1',
    freeze_protection: 'E2',
    low_pressure: 'E3',
    discharge_overheat: 'E4',
    communication: 'E6',
    indoor_fan: 'E8',
    drain: 'E9',
    indoor_sensor: 'F0 F1',
    outdoor_sensor: 'F2 F3 F4',
    state: 'H1',
  },
});

/** GMV5 and GMV6. */
const GREE_GMV = faultCodeMap({
  vendor: 'Gree',
  series: 'GMV',
  sources: ['Gree GMV5 and GMV6 service manuals', 'airnexus.io/feed/gree-vrf-fault-codes-guide'],
  codesOf: {
    high_pressure: 'E1 J8',
    low_pressure: 'E3 J9 JL',
    discharge_overheat: 'E4',
    protection_device: 'E0 E2 J0',
    compressor_overcurrent: 'J1 J2 J3 J4 J5 J6 P5',
    compressor_start: 'P9 PE PJ',
    power_module: 'P1 P3 P4 P6 P7 P8 PC PF',
    supply_voltage: 'P2 PH PL U3 L8',
    reversing_valve: 'J7',
    expansion_valve: 'U6',
    refrigerant_shortage: 'U4',
    outdoor_fan: 'H0 H1 H2 H3 H4 H5 H6 H7 H8 H9 HC HE HF HH HJ HL',
    controller: 'F0 P0 d1 dH',
    outdoor_sensor: 'F1 F3 F5 F6 F7 F8 F9 b1 b2 b3 b4 b5 b6 b7 b8 bH',
    indoor_sensor: 'd3 d4 d6 d7 dL',
    indoor_fan: 'L1',
    drain: 'L3',
    freeze_protection: 'L5',
    mode_conflict: 'L6',
    communication: 'C0 C2 C3 C4',
    configuration: 'C5 C6 CC CF CP CH CL L7 L9 LA LC U2 U5 d9 dC',
    state: 'A0 A2 A3 A4 A6 A7 A8 AC AF AH AL Ad UC U0 C8 C9 CA db',
  },
});

/** R and 9V series, and the two-part codes of newer units, which name no old code. */
const MIDEA_SPLIT = faultCodeMap({
  vendor: 'Midea',
  series: 'split',
  sources: [
    'eciftci.com.tr/air-conditioning/midea-air-conditioner-error-codes',
    'becoolrefrigeration.co.uk/media-air-conditioning-error-codes-updated-2025',
    'coolautomation.wiki (Midea)',
  ],
  codesOf: {
    controller: 'E0 E2 EH00 EH02 EC51',
    communication: 'E1 EL01 PC40',
    indoor_fan: 'E3 EH03',
    outdoor_sensor: 'E5 EC52 EC53 EC54 EC56',
    indoor_sensor: 'E6 EH60 EH61',
    outdoor_fan: 'E7 EC07',
    power_module: 'P0 P5 PC00',
    supply_voltage: 'P1 PC01',
    discharge_overheat: 'P2 PC02',
    compressor_start: 'P4 PC04',
    compressor_overcurrent: 'PC08',
    high_pressure: 'PC03',
    refrigerant_shortage: 'EC EL0C',
    drain: 'EH0E',
    state: 'dF SC FC CF FP AP CL',
  },
});

/** Splits, Sky Air and VRV share one code scheme. */
const DAIKIN_SPLIT = faultCodeMap({
  vendor: 'Daikin',
  series: 'split, Sky Air, VRV',
  sources: [
    'gadgetissues.com/2023/07/daikin-inverter-ac-error-code.html',
    'becoolrefrigeration.co.uk/daikin-error-codes',
  ],
  codesOf: {
    protection_device: 'A0 E0',
    controller: 'A1 E1',
    drain: 'A3 AF',
    freeze_protection: 'A5',
    indoor_fan: 'A6 C6',
    swing_motor: 'A7 C7',
    supply_voltage: 'A8 P1 U1 U2',
    expansion_valve: 'A9 E9',
    filter_clogged: 'AH',
    configuration: 'AJ PJ UA UC UF',
    communication: 'C1 LC U4 U5 U7 U8 U9 UE UH',
    indoor_sensor: 'C4 C5 C9 CA CC CJ',
    high_pressure: 'E3 F6',
    low_pressure: 'E4',
    compressor_overcurrent: 'E5 E8 L5 L8',
    compressor_start: 'E6 H6 L9',
    outdoor_fan: 'E7 H7',
    reversing_valve: 'EA',
    discharge_overheat: 'F3',
    outdoor_sensor: 'H0 H3 H4 H9 J3 J5 J6 J7 J8 J9 JA JC P4',
    power_module: 'L1 L3 L4',
    refrigerant_shortage: 'U0',
    state: '00 U3',
  },
});

/** E0 is the drain on indoor units with a pump; elsewhere the outdoor memory. */
const HAIER_SPLIT = faultCodeMap({
  vendor: 'Haier',
  series: 'split',
  sources: [
    'coderegistry.net/haier',
    'eciftci.com.tr/air-conditioning/haier-air-conditioner-error-codes',
    'field-masters.com/error-codes/haier-split-ac-master-error-code',
  ],
  codesOf: {
    drain: 'E0',
    indoor_sensor: 'E1 E2',
    outdoor_sensor: 'E3 F6 F7 F21 F25',
    controller: 'E4 F12',
    freeze_protection: 'E5',
    high_pressure: 'E6',
    communication: 'E7 F3',
    indoor_fan: 'E14',
    reversing_valve: 'E18',
    power_module: 'F1',
    compressor_overcurrent: 'F2 F5 F22 F23 L3',
    discharge_overheat: 'F4',
    outdoor_fan: 'F8',
    compressor_start: 'F11 F27',
    supply_voltage: 'F19 L1 L2',
    state: 'CL',
  },
});

/** A split of no known maker: what most makers mean by the code. */
const SPLIT = faultCodeMap({
  vendor: 'generic',
  series: 'split',
  sources: ['the meaning most makers share'],
  codesOf: {
    high_pressure: 'E1',
    freeze_protection: 'E2',
    low_pressure: 'E3',
    discharge_overheat: 'E4',
    compressor_overcurrent: 'E5 H3',
    communication: 'E6',
    mode_conflict: 'E7',
    outdoor_fan: 'E8',
    refrigerant_shortage: 'F0',
    indoor_sensor: 'F1',
    outdoor_sensor: 'F2 F3 F4',
    power_module: 'H5',
    indoor_fan: 'H6',
    state: 'H1 P0 P1 P2 P3',
  },
});

const VRF = faultCodeMap({
  vendor: 'generic',
  series: 'VRF',
  sources: ['the meaning most makers share'],
  codesOf: {
    high_pressure: 'E1',
    low_pressure: 'E3',
    discharge_overheat: 'E4',
    communication: 'F0 J7 C0',
    outdoor_sensor: 'F4',
    power_module: 'H5 P0',
    drain: 'L3',
  },
});

const CHILLER = faultCodeMap({
  vendor: 'generic',
  series: 'chiller',
  sources: ['our own short names for dry contacts'],
  codesOf: {
    high_pressure: 'HP',
    low_pressure: 'LP',
    compressor_overcurrent: 'OC',
    discharge_overheat: 'DT',
    freeze_protection: 'FZ',
    vibration: 'VB',
    supply_voltage: 'UV',
  },
});

export const AC_CODE_MAPS = {
  split: SPLIT,
  vrf: VRF,
  chiller: CHILLER,
  greeSplit: GREE_SPLIT,
  greeUMatch: GREE_U_MATCH,
  greeGmv: GREE_GMV,
  mideaSplit: MIDEA_SPLIT,
  daikinSplit: DAIKIN_SPLIT,
  haierSplit: HAIER_SPLIT,
} as const satisfies Readonly<Record<string, FaultCodeMap>>;
