import type { LocalText } from './text.ts';

/** What a metric's value is on the wire; inside, a boolean is 0 or 1 and an enum its position in `values`. */
export type MetricType = 'number' | 'enum' | 'boolean';

/**
 * A named quantity with one canonical unit.
 *
 * `unit` is a UCUM code; `min` and `max` bound what a working sensor can report; `cadenceMs` is how often a
 * device is expected to report it (a value is stale after three times that).
 */
export interface Metric {
  readonly name: string;
  readonly type: MetricType;
  readonly unit: string;
  readonly min: number;
  readonly max: number;
  readonly cadenceMs: number;
  readonly label: LocalText;
  readonly values?: readonly string[];
}

export const DEVICE_KINDS = ['ac_unit', 'charging_pile'] as const;
export type DeviceKind = (typeof DEVICE_KINDS)[number];

const ANALOG_MS = 30_000;
const COUNTER_MS = 600_000;

type Row = readonly [
  name: string,
  unit: string,
  min: number,
  max: number,
  zh: string,
  en: string,
  cadenceMs?: number,
];

const number = ([name, unit, min, max, zh, en, cadenceMs = ANALOG_MS]: Row): Metric => ({
  name,
  type: 'number',
  unit,
  min,
  max,
  cadenceMs,
  label: { 'zh-CN': zh, en },
});

const enumeration = (name: string, values: readonly string[], label: LocalText): Metric => ({
  name,
  type: 'enum',
  unit: '1',
  min: 0,
  max: values.length - 1,
  cadenceMs: ANALOG_MS,
  label,
  values,
});

const AC_NUMBERS: readonly Row[] = [
  ['setpoint', 'Cel', 5, 40, '设定温度', 'Setpoint'],
  ['return_temp', 'Cel', -20, 60, '回风温度', 'Return air temperature'],
  ['supply_temp', 'Cel', -20, 70, '送风温度', 'Supply air temperature'],
  ['room_temp', 'Cel', -20, 60, '室内温度', 'Room temperature'],
  ['humidity', '%', 0, 100, '相对湿度', 'Relative humidity'],
  ['coil_temp', 'Cel', -30, 80, '蒸发器盘管温度', 'Indoor coil temperature'],
  ['fan_rpm', '/min', 0, 5_000, '室内风机转速', 'Indoor fan speed'],
  ['fan_current', 'A', 0, 20, '室内风机电流', 'Indoor fan current'],
  ['filter_dp', 'Pa', 0, 1_000, '滤网压差', 'Filter pressure drop'],
  ['drain_level', '%', 0, 100, '接水盘水位', 'Drain pan level'],
  ['suction_pressure', 'kPa', 0, 3_000, '吸气压力', 'Suction pressure'],
  ['discharge_pressure', 'kPa', 0, 6_000, '排气压力', 'Discharge pressure'],
  ['suction_temp', 'Cel', -50, 80, '吸气温度', 'Suction temperature'],
  ['discharge_temp', 'Cel', -50, 180, '排气温度', 'Discharge temperature'],
  ['liquid_temp', 'Cel', -50, 100, '液管温度', 'Liquid line temperature'],
  ['eev_steps', '{step}', 0, 4_000, '电子膨胀阀开度', 'Expansion valve position'],
  ['superheat', 'K', -20, 60, '过热度', 'Superheat'],
  ['subcooling', 'K', -20, 60, '过冷度', 'Subcooling'],
  ['condensing_over_ambient', 'K', -20, 60, '冷凝温差', 'Condensing over ambient'],
  ['compressor_hz', 'Hz', 0, 200, '压缩机频率', 'Compressor frequency'],
  ['compressor_current', 'A', 0, 500, '压缩机电流', 'Compressor current'],
  ['ipm_temp', 'Cel', -40, 150, '功率模块温度', 'Power module temperature'],
  ['dc_bus_voltage', 'V', 0, 1_000, '直流母线电压', 'DC bus voltage'],
  ['power', 'W', 0, 2_000_000, '功率', 'Power'],
  ['ambient_temp', 'Cel', -50, 70, '室外温度', 'Ambient temperature'],
  ['outdoor_coil_temp', 'Cel', -50, 100, '冷凝器盘管温度', 'Outdoor coil temperature'],
  ['outdoor_fan_rpm', '/min', 0, 5_000, '室外风机转速', 'Outdoor fan speed'],
  ['outdoor_fan_current', 'A', 0, 50, '室外风机电流', 'Outdoor fan current'],
  ['vibration', 'mm/s', 0, 100, '振动', 'Vibration'],
  ['chilled_supply_temp', 'Cel', -20, 40, '冷冻水供水温度', 'Chilled water supply temperature'],
  ['chilled_return_temp', 'Cel', -20, 50, '冷冻水回水温度', 'Chilled water return temperature'],
  ['evaporator_approach', 'K', -5, 30, '蒸发器端差', 'Evaporator approach'],
  ['condenser_approach', 'K', -5, 30, '冷凝器端差', 'Condenser approach'],
  ['load', '%', 0, 120, '负载率', 'Load'],
  ['rssi', 'dB[mW]', -130, 0, '信号强度', 'Signal strength'],
  ['energy', 'kW.h', 0, 1e9, '累计电量', 'Energy counter', COUNTER_MS],
  ['run_hours', 'h', 0, 1e6, '压缩机运行小时', 'Compressor run hours', COUNTER_MS],
  ['filter_hours', 'h', 0, 1e6, '滤网使用小时', 'Filter hours', COUNTER_MS],
  ['starts', '{count}', 0, 1e9, '压缩机启动次数', 'Compressor starts', COUNTER_MS],
];

const AC_UNIT: readonly Metric[] = [
  ...AC_NUMBERS.map(number),
  {
    name: 'power_on',
    type: 'boolean',
    unit: '1',
    min: 0,
    max: 1,
    cadenceMs: ANALOG_MS,
    label: { 'zh-CN': '开机', en: 'Switched on' },
  },
  enumeration('mode', ['off', 'auto', 'cool', 'heat', 'dry', 'fan_only'], { 'zh-CN': '模式', en: 'Mode' }),
  enumeration('fan_mode', ['auto', 'low', 'medium', 'high'], { 'zh-CN': '风速', en: 'Fan mode' }),
  enumeration('action', ['off', 'cooling', 'heating', 'drying', 'idle', 'fan', 'defrosting'], {
    'zh-CN': '运行状态',
    en: 'Action',
  }),
];

/** Of a connector: OCPP 1.6 ChargePointStatus in our spelling. Reported on change, so it holds for long. */
export const CONNECTOR_STATUSES = [
  'available',
  'preparing',
  'charging',
  'suspended_evse',
  'suspended_ev',
  'finishing',
  'reserved',
  'unavailable',
  'faulted',
] as const;
export type ConnectorStatus = (typeof CONNECTOR_STATUSES)[number];

const METER_MS = 60_000;
const STATUS_MS = 86_400_000;

const PILE_NUMBERS: readonly Row[] = [
  ['power', 'W', 0, 2_000_000, '充电功率', 'Charging power', METER_MS],
  ['power_offered', 'W', 0, 2_000_000, '可用功率', 'Power offered', METER_MS],
  ['current', 'A', 0, 1_000, '充电电流', 'Charging current', METER_MS],
  ['current_l1', 'A', 0, 1_000, 'L1 电流', 'Current L1', METER_MS],
  ['current_l2', 'A', 0, 1_000, 'L2 电流', 'Current L2', METER_MS],
  ['current_l3', 'A', 0, 1_000, 'L3 电流', 'Current L3', METER_MS],
  ['current_offered', 'A', 0, 1_000, '可用电流', 'Current offered', METER_MS],
  ['voltage', 'V', 0, 1_500, '电压', 'Voltage', METER_MS],
  ['voltage_l1', 'V', 0, 1_500, 'L1 电压', 'Voltage L1', METER_MS],
  ['voltage_l2', 'V', 0, 1_500, 'L2 电压', 'Voltage L2', METER_MS],
  ['voltage_l3', 'V', 0, 1_500, 'L3 电压', 'Voltage L3', METER_MS],
  ['frequency', 'Hz', 0, 100, '电网频率', 'Grid frequency', METER_MS],
  ['power_factor', '1', -1, 1, '功率因数', 'Power factor', METER_MS],
  ['soc', '%', 0, 100, '车辆电量', 'State of charge', METER_MS],
  ['connector_temp', 'Cel', -50, 200, '枪头温度', 'Connector temperature', METER_MS],
  ['internal_temp', 'Cel', -50, 150, '机内温度', 'Internal temperature', METER_MS],
  ['ambient_temp', 'Cel', -50, 70, '环境温度', 'Ambient temperature', METER_MS],
  [
    'connector_rise',
    'mK/A2',
    0,
    10_000,
    '枪头温升系数',
    'Connector temperature rise per current squared',
    METER_MS,
  ],
  ['fan_rpm', '/min', 0, 20_000, '风扇转速', 'Cooling fan speed', METER_MS],
  ['insulation_resistance', 'kOhm', 0, 100_000, '绝缘电阻', 'Insulation resistance', COUNTER_MS],
  ['contactor_operations', '{count}', 0, 1e9, '接触器动作次数', 'Contactor operations', COUNTER_MS],
  ['lock_tries', '{count}', 0, 1_000, '锁止尝试次数', 'Lock attempts', COUNTER_MS],
  ['rssi', 'dB[mW]', -130, 0, '信号强度', 'Signal strength'],
  ['energy', 'kW.h', 0, 1e9, '累计电量', 'Energy counter', METER_MS],
];

const CHARGING_PILE: readonly Metric[] = [
  ...PILE_NUMBERS.map(number),
  {
    ...enumeration('status', CONNECTOR_STATUSES, { 'zh-CN': '状态', en: 'Status' }),
    cadenceMs: STATUS_MS,
  },
];

/**
 * The one list of metrics, by device kind. A metric's position in its list is its index in point batches; it
 * holds for one build only, so whatever is stored names the metric.
 */
export const METRICS: Readonly<Record<DeviceKind, readonly Metric[]>> = {
  ac_unit: AC_UNIT,
  charging_pile: CHARGING_PILE,
};

const INDEX = Object.fromEntries(
  DEVICE_KINDS.map((kind) => [kind, new Map(METRICS[kind].map((metric, index) => [metric.name, index]))]),
) as unknown as Readonly<Record<DeviceKind, ReadonlyMap<string, number>>>;

/** Position of a metric in its kind's list, or undefined for a name we do not know. */
export function metricIndex(kind: DeviceKind, name: string): number | undefined {
  return INDEX[kind].get(name);
}

/** The metric of that name, or undefined for a name we do not know. */
export function findMetric(kind: DeviceKind, name: string): Metric | undefined {
  const index = INDEX[kind].get(name);
  return index === undefined ? undefined : METRICS[kind][index];
}
