import type { AlarmRule } from '#contracts/rules.ts';

const MINUTE_MS = 60_000;

type Draft = Pick<AlarmRule, 'id' | 'condition' | 'severity' | 'faultFamily'> &
  Partial<Pick<AlarmRule, 'deadband' | 'action'>> & {
    readonly zh: readonly [title: string, description: string];
    readonly en: readonly [title: string, description: string];
    readonly onMinutes: number;
    readonly offMinutes?: number;
    readonly models?: string[];
  };

const AIR: string[] = ['split-generic', 'vrf-generic'];
/** Held for the whole on-delay, so start transients are over by then. */
const RUNNING = 'compressor_hz > 20.0';

const DRAFTS: readonly Draft[] = [
  {
    id: 'ac-discharge-temp-high',
    zh: ['排气温度过高', '排气温度持续高于 110 °C：制冷剂不足或压缩机磨损。'],
    en: ['Discharge temperature high', 'Discharge above 110 °C: low charge or compressor wear.'],
    condition: 'discharge_temp > 110.0 && compressor_hz > 20.0',
    deadband: { discharge_temp: 8 },
    onMinutes: 2,
    severity: 'critical',
    faultFamily: 'discharge_overheat',
  },
  {
    id: 'ac-condenser-fouled',
    zh: ['冷凝器脏堵', '冷凝温度高出室外温度 22 K 以上：冷凝器脏堵或室外风量不足。'],
    en: ['Condenser fouled', 'Condensing more than 22 K over ambient: fouled coil or little outdoor air.'],
    condition: `condensing_over_ambient > 22.0 && ${RUNNING}`,
    deadband: { condensing_over_ambient: 3 },
    onMinutes: 10,
    severity: 'minor',
    faultFamily: 'condenser_fouling',
  },
  {
    id: 'ac-discharge-pressure-high',
    zh: ['排气压力过高', '排气压力高于 4100 kPa，接近高压保护。'],
    en: ['Discharge pressure high', 'Discharge above 4,100 kPa, close to the high-pressure trip.'],
    condition: 'discharge_pressure > 4100.0',
    deadband: { discharge_pressure: 300 },
    onMinutes: 1,
    models: AIR,
    severity: 'critical',
    faultFamily: 'high_pressure',
  },
  {
    id: 'ac-refrigerant-low',
    zh: ['制冷剂不足', '过热度升高且过冷度降低：制冷剂泄漏。'],
    en: ['Refrigerant low', 'Superheat up and subcooling down together: refrigerant is leaking.'],
    condition: `superheat > 11.0 && subcooling < 2.5 && action != "defrosting" && ${RUNNING}`,
    deadband: { superheat: 2, subcooling: 0.5 },
    onMinutes: 10,
    severity: 'major',
    faultFamily: 'refrigerant_shortage',
  },
  {
    id: 'ac-coil-freezing',
    zh: ['蒸发器结冰风险', '制冷时蒸发器盘管低于 0 °C：滤网脏堵或风量不足。'],
    en: ['Coil about to freeze', 'Coil below 0 °C while cooling: clogged filter or little air.'],
    condition: 'coil_temp < 0.0 && action in ["cooling", "drying"] && compressor_hz > 20.0',
    deadband: { coil_temp: 2 },
    onMinutes: 5,
    severity: 'major',
    faultFamily: 'freeze_protection',
  },
  {
    id: 'ac-capacity-low',
    zh: ['制冷量不足', '高负荷运行时送回风温差小于 5 K。'],
    en: ['Cooling capacity low', 'Supply less than 5 K below return while working hard.'],
    condition:
      'return_temp - supply_temp < 5.0 && return_temp > setpoint + 2.0 && action == "cooling" && compressor_hz > 40.0',
    deadband: { supply_temp: 1 },
    onMinutes: 15,
    severity: 'minor',
    faultFamily: 'low_capacity',
  },
  {
    id: 'ac-compressor-current-high',
    zh: ['压缩机电流过大', '压缩机电流超过该频率下的正常值。'],
    en: ['Compressor current high', 'The compressor draws more than its speed explains.'],
    condition: `compressor_current > 4.0 + 0.2 * compressor_hz && ${RUNNING}`,
    deadband: { compressor_current: 1 },
    onMinutes: 3,
    models: ['split-generic'],
    severity: 'critical',
    faultFamily: 'compressor_overcurrent',
  },
  {
    id: 'ac-power-module-hot',
    zh: ['功率模块过热', '功率模块温度高于 95 °C。'],
    en: ['Power module hot', 'Power module above 95 °C.'],
    condition: 'ipm_temp > 95.0',
    deadband: { ipm_temp: 8 },
    onMinutes: 1,
    severity: 'critical',
    faultFamily: 'power_module',
  },
  {
    id: 'ac-short-cycling',
    zh: ['频繁启停', '压缩机一小时内启动超过 6 次。'],
    en: ['Short cycling', 'More than six compressor starts in an hour.'],
    condition: 'starts("compressor_hz", 3600) > 6.0',
    onMinutes: 0,
    offMinutes: 10,
    severity: 'minor',
    faultFamily: 'short_cycling',
  },
  {
    id: 'ac-indoor-fan-stalled',
    zh: ['室内风机停转', '要求送风时室内风机转速过低。'],
    en: ['Indoor fan stalled', 'The indoor fan hardly turns although it should.'],
    condition: 'fan_rpm < 150.0 && action in ["cooling", "heating", "drying", "fan"]',
    deadband: { fan_rpm: 100 },
    onMinutes: 2,
    severity: 'major',
    faultFamily: 'indoor_fan',
  },
  {
    id: 'ac-outdoor-fan-stalled',
    zh: ['室外风机停转', '压缩机运行时室外风机转速过低。'],
    en: ['Outdoor fan stalled', 'The outdoor fan hardly turns while the compressor runs.'],
    condition: 'outdoor_fan_rpm < 100.0 && compressor_hz > 30.0 && action != "defrosting"',
    deadband: { outdoor_fan_rpm: 100 },
    onMinutes: 2,
    models: AIR,
    severity: 'major',
    faultFamily: 'outdoor_fan',
  },
  {
    id: 'ac-filter-clogged',
    zh: ['滤网压差过高', '滤网压差高于 250 Pa。'],
    en: ['Filter pressure drop high', 'More than 250 Pa across the filter.'],
    condition: 'filter_dp > 250.0 && fan_rpm > 300.0',
    deadband: { filter_dp: 25 },
    onMinutes: 10,
    severity: 'minor',
    faultFamily: 'filter_clogged',
  },
  {
    id: 'ac-filter-clogging',
    zh: ['滤网将要堵塞', '按趋势，滤网压差一周内达到 250 Pa。'],
    en: ['Filter clogging', 'By its trend the filter reaches 250 Pa within a week.'],
    condition: 'filter_dp > 120.0 && filter_dp < 250.0 && hours_to("filter_dp", 250.0, 336) < 168.0',
    deadband: { filter_dp: 20 },
    onMinutes: 0,
    action: 'none',
    severity: 'warning',
    faultFamily: 'filter_clogged',
  },
  {
    id: 'ac-drain-high',
    zh: ['接水盘水位过高', '接水盘水位高于 80%。'],
    en: ['Drain pan level high', 'Drain pan more than 80 % full.'],
    condition: 'drain_level > 80.0',
    deadband: { drain_level: 10 },
    onMinutes: 2,
    severity: 'major',
    faultFamily: 'drain',
  },
  {
    id: 'ac-bus-voltage-low',
    zh: ['母线电压过低', '压缩机运行时直流母线电压低于 250 V。'],
    en: ['Bus voltage low', 'DC bus below 250 V while the compressor runs.'],
    condition: 'dc_bus_voltage < 250.0 && compressor_hz > 20.0',
    deadband: { dc_bus_voltage: 15 },
    onMinutes: 1,
    severity: 'major',
    faultFamily: 'supply_voltage',
  },
  {
    id: 'ac-vibration-high',
    zh: ['振动过大', '振动速度高于 7.1 mm/s（ISO 10816）。'],
    en: ['Vibration high', 'More than 7.1 mm/s (ISO 10816).'],
    condition: `vibration > 7.1 && ${RUNNING}`,
    deadband: { vibration: 1 },
    onMinutes: 5,
    severity: 'minor',
    faultFamily: 'vibration',
  },
  {
    id: 'ac-approach-high',
    zh: ['冷凝器端差过大', '冷水机组冷凝器端差高于 6 K：结垢。'],
    en: ['Condenser approach high', 'Chiller condenser approach above 6 K under load: scaling.'],
    condition: 'condenser_approach > 6.0 && load > 50.0',
    deadband: { condenser_approach: 1 },
    onMinutes: 30,
    models: ['chiller-generic'],
    severity: 'minor',
    faultFamily: 'condenser_fouling',
  },
  {
    id: 'ac-data-absent',
    zh: ['数据缺失', '设备在线但 15 分钟没有主要数据。'],
    en: ['Data absent', 'Online, but none of the main values for 15 minutes.'],
    condition: 'absent("return_temp", 900) && absent("supply_temp", 900) && absent("power", 900)',
    onMinutes: 0,
    action: 'none',
    severity: 'minor',
    faultFamily: 'no_data',
  },
  {
    id: 'ac-offline',
    zh: ['设备离线', '设备断开连接超过 1 分钟。'],
    en: ['Device offline', 'Disconnected for more than a minute.'],
    condition: '!online',
    onMinutes: 1,
    offMinutes: 0,
    severity: 'minor',
    faultFamily: 'offline',
  },
];

function toRule(draft: Draft): AlarmRule {
  const { id, condition, severity, faultFamily, deadband, models, zh, en } = draft;
  return {
    id,
    version: 1,
    status: 'active',
    title: { 'zh-CN': zh[0], en: en[0] },
    description: { 'zh-CN': zh[1], en: en[1] },
    appliesTo: { kind: 'ac_unit', ...(models === undefined ? {} : { models }) },
    condition,
    onDelayMs: draft.onMinutes * MINUTE_MS,
    offDelayMs: (draft.offMinutes ?? 2) * MINUTE_MS,
    ...(deadband === undefined ? {} : { deadband }),
    severity,
    faultFamily,
    action: draft.action ?? 'ticket',
  };
}

/**
 * The rules that ship for air conditioners, as data. Each is guarded so that hot days, defrosting, changed
 * setpoints and the first minutes after a start raise nothing.
 */
export const AC_RULES: readonly AlarmRule[] = DRAFTS.map(toRule);
