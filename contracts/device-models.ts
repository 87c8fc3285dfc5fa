import { AC_CODE_MAPS } from './ac-fault-codes.ts';
import type { FaultCodeMap, FaultCodeTable } from './fault-code-map.ts';
import { unmappedFamily } from './faults.ts';
import type { DeviceKind } from './metrics.ts';
import { PILE_CODE_MAPS } from './pile-fault-codes.ts';
import type { LocalText } from './text.ts';

/** A device model that ships. `units` names the wire unit (UCUM) of each metric that is not canonical. */
export interface DeviceModel {
  readonly id: string;
  readonly kind: DeviceKind;
  readonly vendor: string;
  readonly series: string;
  readonly label: LocalText;
  readonly units: Readonly<Record<string, string>>;
  /** What its codes mean: every code of `codeMaps`. */
  readonly faultCodes: FaultCodeTable;
  readonly codeMaps: readonly FaultCodeMap[];
}

interface ModelRow {
  readonly id: string;
  readonly label: readonly [zh: string, en: string];
  readonly map: FaultCodeMap;
  readonly units?: DeviceModel['units'];
}

const acUnit = ({ id, label, map, units = {} }: ModelRow): DeviceModel => ({
  id,
  kind: 'ac_unit',
  vendor: map.vendor,
  series: map.series,
  label: { 'zh-CN': label[0], en: label[1] },
  units,
  faultCodes: map.codes,
  codeMaps: [map],
});

const pile = (id: string, series: string, [zh, en]: ModelRow['label']): DeviceModel => ({
  id,
  kind: 'charging_pile',
  vendor: 'generic',
  series,
  label: { 'zh-CN': zh, en },
  units: {},
  faultCodes: { ...PILE_CODE_MAPS.ocpp16.codes, ...PILE_CODE_MAPS.chargex.codes },
  codeMaps: [PILE_CODE_MAPS.ocpp16, PILE_CODE_MAPS.chargex],
});

export const DEVICE_MODELS: readonly DeviceModel[] = [
  acUnit({
    id: 'split-generic',
    label: ['分体空调（通用）', 'Split unit (generic)'],
    map: AC_CODE_MAPS.split,
  }),
  acUnit({ id: 'vrf-generic', label: ['多联机（通用）', 'VRF system (generic)'], map: AC_CODE_MAPS.vrf }),
  acUnit({
    id: 'chiller-generic',
    label: ['冷水机组（通用）', 'Chiller (generic)'],
    map: AC_CODE_MAPS.chiller,
    units: { suction_pressure: 'bar', discharge_pressure: 'bar', power: 'kW' },
  }),
  acUnit({ id: 'gree-split', label: ['格力分体空调', 'Gree split unit'], map: AC_CODE_MAPS.greeSplit }),
  acUnit({ id: 'gree-u-match', label: ['格力 U-Match', 'Gree U-Match'], map: AC_CODE_MAPS.greeUMatch }),
  acUnit({
    id: 'gree-gmv',
    label: ['格力 GMV 多联机', 'Gree GMV VRF system'],
    map: AC_CODE_MAPS.greeGmv,
  }),
  acUnit({ id: 'midea-split', label: ['美的分体空调', 'Midea split unit'], map: AC_CODE_MAPS.mideaSplit }),
  acUnit({ id: 'daikin-split', label: ['大金空调', 'Daikin unit'], map: AC_CODE_MAPS.daikinSplit }),
  acUnit({ id: 'haier-split', label: ['海尔分体空调', 'Haier split unit'], map: AC_CODE_MAPS.haierSplit }),
  pile('ac-pile-generic', 'AC pile', ['交流充电桩（通用）', 'AC charging pile (generic)']),
  pile('dc-pile-generic', 'DC pile', ['直流充电桩（通用）', 'DC charging pile (generic)']),
];

const BY_ID = new Map(DEVICE_MODELS.map((model) => [model.id, model]));

export function findDeviceModel(id: string): DeviceModel | undefined {
  return BY_ID.get(id);
}

/** Fault family of a vendor code on a model: mapped, `state`, or the unmapped family of that code. */
export function familyOfCode({ faultCodes }: DeviceModel, code: string): string {
  return (Object.hasOwn(faultCodes, code) ? faultCodes[code] : undefined) ?? unmappedFamily(code);
}
