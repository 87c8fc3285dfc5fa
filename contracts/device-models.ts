import { unmappedFamily } from './faults.ts';
import type { DeviceKind } from './metrics.ts';
import type { LocalText } from './text.ts';

/**
 * What a vendor code means on this model: a fault family, or `state` for codes that only tell what the unit is
 * doing (defrost, test) and open nothing. The same code means different things on different series.
 */
export type FaultCodeTable = Readonly<Record<string, string>>;

/** A device model that ships. `units` names the wire unit (UCUM) of each metric that is not canonical. */
export interface DeviceModel {
  readonly id: string;
  readonly kind: DeviceKind;
  readonly label: LocalText;
  readonly units: Readonly<Record<string, string>>;
  readonly faultCodes: FaultCodeTable;
}

const SPLIT_CODES: FaultCodeTable = {
  E1: 'high_pressure',
  E2: 'freeze_protection',
  E3: 'low_pressure',
  E4: 'discharge_overheat',
  E5: 'compressor_overcurrent',
  E6: 'communication',
  E7: 'mode_conflict',
  E8: 'outdoor_fan',
  F0: 'refrigerant_shortage',
  F1: 'indoor_sensor',
  F2: 'outdoor_sensor',
  F3: 'outdoor_sensor',
  F4: 'outdoor_sensor',
  H3: 'compressor_overcurrent',
  H5: 'power_module',
  H6: 'indoor_fan',
  H1: 'state',
  P0: 'state',
  P1: 'state',
  P2: 'state',
  P3: 'state',
};

const VRF_CODES: FaultCodeTable = {
  E1: 'high_pressure',
  E3: 'low_pressure',
  E4: 'discharge_overheat',
  F0: 'communication',
  F4: 'outdoor_sensor',
  H5: 'power_module',
  J7: 'communication',
  L3: 'drain',
  C0: 'communication',
  P0: 'power_module',
};

const CHILLER_CODES: FaultCodeTable = {
  HP: 'high_pressure',
  LP: 'low_pressure',
  OC: 'compressor_overcurrent',
  DT: 'discharge_overheat',
  FZ: 'freeze_protection',
  VB: 'vibration',
  UV: 'supply_voltage',
};

export const DEVICE_MODELS: readonly DeviceModel[] = [
  {
    id: 'split-generic',
    kind: 'ac_unit',
    label: { 'zh-CN': '分体空调（通用）', en: 'Split unit (generic)' },
    units: {},
    faultCodes: SPLIT_CODES,
  },
  {
    id: 'vrf-generic',
    kind: 'ac_unit',
    label: { 'zh-CN': '多联机（通用）', en: 'VRF system (generic)' },
    units: {},
    faultCodes: VRF_CODES,
  },
  {
    id: 'chiller-generic',
    kind: 'ac_unit',
    label: { 'zh-CN': '冷水机组（通用）', en: 'Chiller (generic)' },
    units: { suction_pressure: 'bar', discharge_pressure: 'bar', power: 'kW' },
    faultCodes: CHILLER_CODES,
  },
  {
    id: 'ac-pile-generic',
    kind: 'charging_pile',
    label: { 'zh-CN': '交流充电桩（通用）', en: 'AC charging pile (generic)' },
    units: {},
    faultCodes: {},
  },
  {
    id: 'dc-pile-generic',
    kind: 'charging_pile',
    label: { 'zh-CN': '直流充电桩（通用）', en: 'DC charging pile (generic)' },
    units: {},
    faultCodes: {},
  },
];

const BY_ID = new Map(DEVICE_MODELS.map((model) => [model.id, model]));

export function findDeviceModel(id: string): DeviceModel | undefined {
  return BY_ID.get(id);
}

/** Fault family of a vendor code on a model: mapped, `state`, or the unmapped family of that code. */
export function familyOfCode(model: DeviceModel, code: string): string {
  return model.faultCodes[code] ?? unmappedFamily(code);
}
