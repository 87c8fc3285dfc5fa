import type { FamilyRow } from './fault-family.ts';

/** Failures of charging piles that may hurt somebody: no command is ever sent, a technician goes. */
export const PILE_SAFETY_FAMILIES: readonly FamilyRow[] = [
  {
    id: 'ground_fault',
    grade: ['critical', 'high', 'high', 'high_voltage'],
    zh: ['接地或漏电故障', '绝缘下降、进水或漏电保护动作', '断电挂牌，测量绝缘电阻，检查枪线'],
    en: [
      'Ground fault',
      'Insulation loss, water ingress or a tripped residual current device',
      'Isolate and tag, measure the insulation, inspect the cable',
    ],
    isSafety: true,
    parts: ['residual-current-device', 'charging-cable-dc-250a'],
  },
  {
    id: 'insulation',
    grade: ['critical', 'high', 'medium', 'high_voltage'],
    zh: ['绝缘下降', '枪线或模块绝缘老化、受潮', '断电挂牌，测量绝缘电阻，检查枪线与密封'],
    en: [
      'Insulation low',
      'Aged or damp insulation of the cable or a module',
      'Isolate and tag, measure the insulation, inspect cable and seals',
    ],
    isSafety: true,
    parts: ['insulation-monitor', 'charging-cable-dc-250a'],
  },
  {
    id: 'connector_overheat',
    grade: ['critical', 'high', 'high', 'high_voltage'],
    zh: ['枪头过温', '枪头触点磨损或接触不良', '停用枪头，检查并更换触点或枪线'],
    en: [
      'Connector overheat',
      'Worn contacts or a poor connection in the connector',
      'Take the connector out of service, inspect, replace contacts or cable',
    ],
    isSafety: true,
    parts: ['charging-cable-dc-250a', 'connector-contacts'],
  },
  {
    id: 'pile_overheat',
    grade: ['critical', 'high', 'medium', 'high_voltage'],
    zh: ['桩内过温', '散热不良或部件过热', '停用，检查风扇、滤网与接线端子'],
    en: [
      'Pile overheat',
      'Poor cooling or a hot component inside',
      'Take it out of service, check fans, filters and terminals',
    ],
    isSafety: true,
    parts: ['cooling-fan-pile', 'air-filter-pile'],
  },
  {
    id: 'power_switch',
    grade: ['critical', 'high', 'high', 'high_voltage'],
    zh: ['接触器故障', '接触器粘连或不能闭合', '断电挂牌，检查并更换接触器'],
    en: [
      'Contactor fault',
      'Contactor welded, or it does not close',
      'Isolate and tag, inspect and replace the contactor',
    ],
    isSafety: true,
    parts: ['contactor-dc-250a', 'contactor-ac-63a'],
  },
  {
    id: 'connector_voltage',
    grade: ['critical', 'high', 'high', 'high_voltage'],
    zh: ['枪头残余电压过高', '接触器粘连或放电回路失效', '断电挂牌，检查接触器与放电电阻'],
    en: [
      'Voltage left on the connector',
      'A welded contactor or a failed discharge circuit',
      'Isolate and tag, check contactor and discharge resistor',
    ],
    isSafety: true,
    parts: ['contactor-dc-250a', 'discharge-resistor'],
  },
  {
    id: 'emergency_stop',
    grade: ['critical', 'high', 'high', 'charging'],
    zh: ['急停按下', '现场有人按下急停', '先与现场确认安全，检查后复位急停按钮'],
    en: [
      'Emergency stop pressed',
      'Somebody on site pressed the button',
      'Ask the site whether all is safe, inspect, then release the button',
    ],
    isSafety: true,
    parts: ['emergency-stop-button'],
  },
  {
    id: 'broken_latch',
    grade: ['major', 'high', 'medium', 'charging'],
    zh: ['枪头锁扣损坏', '机械锁扣断裂，枪头可能带电脱落', '停用枪头，更换锁扣或枪线'],
    en: [
      'Broken latch',
      'The latch is broken: the connector may come out under load',
      'Take the connector out of service, replace latch or cable',
    ],
    isSafety: true,
    parts: ['connector-latch', 'charging-cable-dc-250a'],
  },
  {
    id: 'cut_cable',
    grade: ['critical', 'high', 'high', 'high_voltage'],
    zh: ['枪线被剪断', '枪线被盗剪或严重损坏，导体可能外露', '立即断电封锁，更换枪线'],
    en: [
      'Cable cut',
      'Theft or heavy damage: conductors may be bare',
      'Isolate and close off at once, replace the cable',
    ],
    isSafety: true,
    parts: ['charging-cable-dc-250a', 'charging-cable-ac-32a'],
  },
];
