import type { AlarmRule } from '#contracts/rules.ts';
import { type RuleDraft, ruleOf } from './rule-draft.ts';

const AC: string[] = ['ac-pile-generic'];
const DC: string[] = ['dc-pile-generic'];
/** Not while the current falls: the contact is then still as warm as before and looks worse than it is. */
const STEADY = 'current > 0.85 * max("current", 600)';
/** As a deadband of the metric that only guards raising: an alarm outlives the session that raised it. */
const ANY = 1_000_000;

const DRAFTS: readonly RuleDraft[] = [
  {
    id: 'pile-connector-temp-high',
    zh: ['枪头温度过高', '枪头温度高于 90 °C：触点磨损或接触不良。'],
    en: ['Connector temperature high', 'Connector above 90 °C: worn contacts or a poor connection.'],
    condition: 'connector_temp > 90.0',
    deadband: { connector_temp: 10 },
    onMinutes: 1,
    severity: 'critical',
    faultFamily: 'connector_overheat',
  },
  {
    id: 'pile-dc-connector-rise-high',
    zh: ['直流枪头接触电阻过大', '单位电流平方的温升高于 1 mK/A²，约为新枪头的两倍。'],
    en: [
      'DC contact resistance high',
      'More than 1 mK per A² over ambient, twice what a new connector shows.',
    ],
    condition: `connector_rise > 1.0 && current > 100.0 && ${STEADY}`,
    deadband: { connector_rise: 0.2, current: ANY },
    onMinutes: 2,
    offMinutes: 10,
    models: DC,
    severity: 'minor',
    faultFamily: 'connector_wear',
  },
  {
    id: 'pile-ac-connector-rise-high',
    zh: ['交流枪头接触电阻过大', '单位电流平方的温升高于 20 mK/A²，约为新枪头的两倍。'],
    en: [
      'AC contact resistance high',
      'More than 20 mK per A² over ambient, twice what a new connector shows.',
    ],
    condition: `connector_rise > 20.0 && current > 10.0 && ${STEADY}`,
    deadband: { connector_rise: 4, current: ANY },
    onMinutes: 2,
    offMinutes: 10,
    models: AC,
    severity: 'minor',
    faultFamily: 'connector_wear',
  },
  {
    id: 'pile-dc-connector-rise-trend',
    zh: ['直流枪头触点老化', '按趋势，枪头温升系数一周内达到 1 mK/A²。'],
    en: ['DC contacts wearing', 'By its trend the connector reaches 1 mK per A² within a week.'],
    condition: 'avg("connector_rise", 86400) > 0.6 && hours_to("connector_rise", 1.0, 336) < 168.0',
    deadband: { connector_rise: 0.05 },
    onMinutes: 0,
    offMinutes: 60,
    models: DC,
    action: 'none',
    severity: 'warning',
    faultFamily: 'connector_wear',
  },
  {
    id: 'pile-derating',
    zh: ['充电功率下降', '电量低于 60% 时功率突然下降，而可用功率充足：功率模块故障或过热降额。'],
    en: [
      'Charging power drops',
      'Power falls below 60 % of charge although more is on offer: a failed module or thermal derating.',
    ],
    condition:
      'status == "charging" && soc < 60.0 && power < 0.5 * power_offered && ' +
      'current < 0.6 * max("current", 1200)',
    deadband: { current: ANY },
    onMinutes: 3,
    models: DC,
    severity: 'minor',
    faultFamily: 'derating',
  },
  {
    id: 'pile-internal-temp-high',
    zh: ['桩内温度过高', '机内温度高于 75 °C：散热不良。'],
    en: ['Internal temperature high', 'More than 75 °C inside: poor cooling.'],
    condition: 'internal_temp > 75.0',
    deadband: { internal_temp: 8 },
    onMinutes: 5,
    severity: 'critical',
    faultFamily: 'pile_overheat',
  },
  {
    id: 'pile-fan-stalled',
    zh: ['散热风扇停转', '机内高于 50 °C 而风扇不转。'],
    en: ['Cooling fan stalled', 'More than 50 °C inside and the fan stands still.'],
    condition: 'fan_rpm < 200.0 && internal_temp > 50.0',
    deadband: { fan_rpm: 100, internal_temp: ANY },
    onMinutes: 3,
    severity: 'major',
    faultFamily: 'cooling_fan',
  },
  {
    id: 'pile-supply-voltage-low',
    zh: ['供电电压过低', 'L1 电压低于 198 V（额定 230 V 的 86%）。'],
    en: ['Supply voltage low', 'L1 below 198 V, 86 % of 230 V.'],
    condition: 'voltage_l1 < 198.0 && voltage_l1 > 50.0',
    deadband: { voltage_l1: 4 },
    onMinutes: 3,
    models: AC,
    severity: 'major',
    faultFamily: 'supply_voltage',
  },
  {
    id: 'pile-supply-voltage-high',
    zh: ['供电电压过高', 'L1 电压高于 253 V（额定 230 V 的 110%）。'],
    en: ['Supply voltage high', 'L1 above 253 V, 110 % of 230 V.'],
    condition: 'voltage_l1 > 253.0',
    deadband: { voltage_l1: 4 },
    onMinutes: 3,
    models: AC,
    severity: 'major',
    faultFamily: 'supply_voltage',
  },
  {
    id: 'pile-phase-imbalance',
    zh: ['三相电流不平衡', '三相充电时某一相电流比 L1 相差 20% 以上。'],
    en: ['Phases out of balance', 'While charging on three phases, one is 20 % away from L1.'],
    condition:
      'current_l1 > 4.0 && current_l2 > 4.0 && current_l3 > 4.0 && ' +
      '(current_l2 < 0.8 * current_l1 || current_l2 > 1.25 * current_l1 || ' +
      'current_l3 < 0.8 * current_l1 || current_l3 > 1.25 * current_l1)',
    onMinutes: 5,
    offMinutes: 5,
    severity: 'minor',
    faultFamily: 'phase_imbalance',
  },
  {
    id: 'pile-insulation-low',
    zh: ['绝缘电阻过低', '绝缘电阻低于 250 kΩ。'],
    en: ['Insulation low', 'Insulation below 250 kΩ.'],
    condition: 'insulation_resistance < 250.0',
    deadband: { insulation_resistance: 100 },
    onMinutes: 15,
    offMinutes: 20,
    severity: 'critical',
    faultFamily: 'insulation',
  },
  {
    id: 'pile-insulation-falling',
    zh: ['绝缘电阻持续下降', '按趋势，绝缘电阻一周内降到 250 kΩ。'],
    en: ['Insulation falling', 'By its trend the insulation falls to 250 kΩ within a week.'],
    condition:
      'avg("insulation_resistance", 86400) < 1000.0 && ' +
      'hours_to("insulation_resistance", 250.0, 336, "falling") < 168.0',
    deadband: { insulation_resistance: 100 },
    onMinutes: 0,
    offMinutes: 60,
    action: 'none',
    severity: 'warning',
    faultFamily: 'insulation',
  },
  {
    id: 'pile-lock-tries-high',
    zh: ['枪锁多次重试', '枪锁需要三次以上才能锁上：执行器将要失效。'],
    en: ['Lock needs many tries', 'More than three attempts to lock: the actuator is about to fail.'],
    condition: 'lock_tries > 3.0',
    onMinutes: 15,
    action: 'none',
    severity: 'warning',
    faultFamily: 'connector_lock',
  },
  {
    id: 'pile-stuck-suspended',
    zh: ['充电被桩暂停过久', '桩暂停充电超过一小时。'],
    en: ['Suspended by the pile', 'The pile has held a session for more than an hour.'],
    condition: 'status == "suspended_evse"',
    onMinutes: 60,
    severity: 'minor',
    faultFamily: 'session_stuck',
  },
  {
    id: 'pile-meter-frozen',
    zh: ['电表停走', '充电功率高于 3 kW 而电量读数不变。'],
    en: ['Meter frozen', 'More than 3 kW flow and the energy register stands still.'],
    condition: 'min("power", 1800) > 3000.0 && delta("energy", 1800) < 0.01',
    deadband: { power: ANY },
    onMinutes: 0,
    severity: 'major',
    faultFamily: 'power_meter',
  },
  {
    id: 'pile-data-absent',
    zh: ['充电数据缺失', '充电中 10 分钟没有功率数据。'],
    en: ['Meter values absent', 'Charging, but no power value for 10 minutes.'],
    condition: 'status == "charging" && absent("power", 600)',
    onMinutes: 5,
    action: 'none',
    severity: 'minor',
    faultFamily: 'no_data',
  },
  {
    id: 'pile-contactor-worn',
    zh: ['接触器接近寿命', '接触器动作次数超过 100,000 次。'],
    en: ['Contactor near its end of life', 'More than 100,000 operations.'],
    condition: 'contactor_operations > 100000.0',
    onMinutes: 15,
    severity: 'minor',
    faultFamily: 'contactor_wear',
  },
  {
    id: 'pile-signal-weak',
    zh: ['信号弱', '信号强度低于 -105 dBm 达半小时。'],
    en: ['Weak signal', 'Less than -105 dBm for half an hour.'],
    condition: 'rssi < -105.0',
    deadband: { rssi: 5 },
    onMinutes: 30,
    offMinutes: 10,
    action: 'none',
    severity: 'warning',
    faultFamily: 'weak_signal',
  },
  {
    id: 'pile-offline',
    zh: ['充电桩离线', '断开连接超过 3 分钟，长于一次复位。'],
    en: ['Pile offline', 'Disconnected for more than three minutes, longer than a reset takes.'],
    condition: '!online',
    onMinutes: 3,
    offMinutes: 0,
    severity: 'minor',
    faultFamily: 'offline',
  },
];

/**
 * The rules that ship for charging piles, as data; they watch connectors. A status `faulted` has none: its code, or
 * `Faulted` where the pile gives none, opens an alarm of its own. Hot days, vehicles that take less towards the end,
 * pauses and load management raise nothing.
 */
export const PILE_RULES: readonly AlarmRule[] = DRAFTS.map((draft) => ruleOf('charging_pile', draft));
