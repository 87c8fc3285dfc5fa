import type { Severity } from './alarms.ts';
import type { Level } from './priority.ts';
import type { LocalText } from './text.ts';

/**
 * What kind of failure it is, whatever a vendor calls it: the unit of "same fault".
 *
 * `skill` is what a technician must hold to be sent; `cause` and `plan` are the preliminary diagnosis a
 * machine-opened ticket starts with; `emergency` starts the emergency response.
 */
export interface FaultFamily {
  readonly id: string;
  readonly label: LocalText;
  readonly severity: Severity;
  readonly impact: Level;
  readonly urgency: Level;
  readonly emergency: boolean;
  readonly skill: string;
  readonly cause: LocalText;
  readonly plan: LocalText;
  /** May hurt somebody: never commanded from afar. */
  readonly isSafety: boolean;
  /** Id of the playbook that is tried before anybody drives (contracts/playbooks.ts), or null. */
  readonly playbook: string | null;
  /** Models of parts that the repair may need. */
  readonly parts: readonly string[];
}

type Row = readonly [
  id: string,
  severity: Severity,
  impact: Level,
  urgency: Level,
  skill: string,
  label: LocalText,
  cause: LocalText,
  plan: LocalText,
];

const text = (zh: string, en: string): LocalText => ({ 'zh-CN': zh, en });

const ROWS: readonly Row[] = [
  [
    'high_pressure',
    'critical',
    'high',
    'medium',
    'refrigeration',
    text('高压保护', 'High pressure'),
    text('冷凝器脏堵、室外风机故障或制冷剂过量', 'Fouled condenser, outdoor fan fault or overcharge'),
    text(
      '清洗冷凝器，检查室外风机，测量高压',
      'Clean the condenser, check the outdoor fan, measure the pressure',
    ),
  ],
  [
    'low_pressure',
    'critical',
    'high',
    'medium',
    'refrigeration',
    text('低压保护', 'Low pressure'),
    text('制冷剂泄漏或节流部件堵塞', 'Refrigerant leak or a blocked expansion device'),
    text('检漏、补漏后补充制冷剂', 'Find and mend the leak, then recharge'),
  ],
  [
    'refrigerant_shortage',
    'major',
    'high',
    'medium',
    'refrigeration',
    text('制冷剂不足', 'Refrigerant shortage'),
    text('制冷剂缓慢泄漏', 'Slow refrigerant leak'),
    text('检漏、补漏后补充制冷剂', 'Find and mend the leak, then recharge'),
  ],
  [
    'discharge_overheat',
    'critical',
    'high',
    'high',
    'refrigeration',
    text('排气温度过高', 'Discharge overheat'),
    text('制冷剂不足或压缩机磨损', 'Low charge or compressor wear'),
    text('检查制冷剂量与压缩机', 'Check the charge and the compressor'),
  ],
  [
    'freeze_protection',
    'major',
    'medium',
    'medium',
    'refrigeration',
    text('防冻结保护', 'Freeze protection'),
    text('滤网脏堵或风量不足', 'Clogged filter or low airflow'),
    text('清洗滤网，检查室内风机', 'Clean the filter, check the indoor fan'),
  ],
  [
    'compressor_overcurrent',
    'critical',
    'high',
    'high',
    'electrical',
    text('压缩机过流', 'Compressor over-current'),
    text('压缩机卡缸、缺相或电压异常', 'Locked compressor, lost phase or bad supply'),
    text('测量三相电流与绝缘', 'Measure phase currents and insulation'),
  ],
  [
    'power_module',
    'critical',
    'high',
    'high',
    'electrical',
    text('功率模块保护', 'Power module protection'),
    text('模块过热或散热不良', 'Module overheated or badly cooled'),
    text('检查散热与模块', 'Check the heat sink and the module'),
  ],
  [
    'supply_voltage',
    'major',
    'medium',
    'high',
    'electrical',
    text('电源电压异常', 'Supply voltage out of range'),
    text('供电电压波动', 'Supply fluctuation'),
    text('测量供电并检查接线', 'Measure the supply and check the wiring'),
  ],
  [
    'communication',
    'major',
    'medium',
    'medium',
    'controls',
    text('内外机通信故障', 'Indoor-outdoor communication'),
    text('通信线松动或主板故障', 'Loose bus wire or controller fault'),
    text('检查通信线与主板', 'Check the bus wiring and the controllers'),
  ],
  [
    'mode_conflict',
    'warning',
    'low',
    'low',
    'controls',
    text('模式冲突', 'Mode conflict'),
    text('内机模式设置不一致', 'Indoor units set to different modes'),
    text('统一运行模式', 'Set one mode for all indoor units'),
  ],
  [
    'indoor_fan',
    'major',
    'medium',
    'medium',
    'electrical',
    text('室内风机故障', 'Indoor fan fault'),
    text('风机轴承磨损或驱动故障', 'Worn bearing or drive fault'),
    text('检查风机与驱动', 'Check the fan and its drive'),
  ],
  [
    'outdoor_fan',
    'major',
    'medium',
    'medium',
    'electrical',
    text('室外风机故障', 'Outdoor fan fault'),
    text('风机轴承磨损或驱动故障', 'Worn bearing or drive fault'),
    text('检查风机与驱动', 'Check the fan and its drive'),
  ],
  [
    'indoor_sensor',
    'minor',
    'low',
    'medium',
    'controls',
    text('室内传感器故障', 'Indoor sensor fault'),
    text('传感器开路、短路或漂移', 'Sensor open, shorted or drifting'),
    text('更换传感器', 'Replace the sensor'),
  ],
  [
    'outdoor_sensor',
    'minor',
    'low',
    'medium',
    'controls',
    text('室外传感器故障', 'Outdoor sensor fault'),
    text('传感器开路、短路或漂移', 'Sensor open, shorted or drifting'),
    text('更换传感器', 'Replace the sensor'),
  ],
  [
    'drain',
    'major',
    'high',
    'medium',
    'general',
    text('排水故障', 'Drain fault'),
    text('排水管堵塞或水泵故障', 'Blocked drain or failed pump'),
    text('疏通排水管，检查水泵', 'Clear the drain, check the pump'),
  ],
  [
    'condenser_fouling',
    'minor',
    'medium',
    'low',
    'general',
    text('冷凝器脏堵', 'Condenser fouling'),
    text('冷凝器积灰', 'Dust on the condenser'),
    text('清洗冷凝器', 'Clean the condenser'),
  ],
  [
    'filter_clogged',
    'minor',
    'medium',
    'low',
    'general',
    text('滤网脏堵', 'Filter clogged'),
    text('滤网积灰', 'Dust on the filter'),
    text('清洗或更换滤网', 'Clean or replace the filter'),
  ],
  [
    'low_capacity',
    'minor',
    'medium',
    'medium',
    'refrigeration',
    text('制冷量不足', 'Low capacity'),
    text('制冷剂不足、换热器脏或压缩机磨损', 'Low charge, dirty heat exchanger or compressor wear'),
    text('测量系统压力与换热温差', 'Measure pressures and heat exchanger approach'),
  ],
  [
    'short_cycling',
    'minor',
    'low',
    'medium',
    'controls',
    text('频繁启停', 'Short cycling'),
    text('负荷过小或温控异常', 'Low load or thermostat fault'),
    text('检查温控设置', 'Check the thermostat settings'),
  ],
  [
    'vibration',
    'minor',
    'medium',
    'medium',
    'general',
    text('振动过大', 'Vibration'),
    text('紧固件松动或轴承磨损', 'Loose fastening or worn bearing'),
    text('紧固并检查轴承', 'Fasten and check the bearings'),
  ],
  [
    'ground_fault',
    'critical',
    'high',
    'high',
    'high_voltage',
    text('接地或漏电故障', 'Ground fault'),
    text(
      '绝缘下降、进水或漏电保护动作',
      'Insulation loss, water ingress or a tripped residual current device',
    ),
    text('断电挂牌，测量绝缘电阻，检查枪线', 'Isolate and tag, measure the insulation, inspect the cable'),
  ],
  [
    'connector_overheat',
    'critical',
    'high',
    'high',
    'high_voltage',
    text('枪头过温', 'Connector overheat'),
    text('枪头触点磨损或接触不良', 'Worn contacts or a poor connection in the connector'),
    text(
      '停用枪头，检查并更换触点或枪线',
      'Take the connector out of service, inspect, replace contacts or cable',
    ),
  ],
  [
    'connector_lock',
    'major',
    'medium',
    'medium',
    'charging',
    text('枪锁故障', 'Connector lock fault'),
    text('电子锁卡滞或执行器损坏', 'Lock jammed or its actuator failed'),
    text('远程解锁，检查电子锁', 'Unlock remotely, check the lock actuator'),
  ],
  [
    'reader_fault',
    'minor',
    'medium',
    'medium',
    'charging',
    text('读卡器故障', 'Card reader fault'),
    text('读卡器死机或通信中断', 'Reader hung or lost its connection'),
    text('远程复位，无效则更换读卡器', 'Reset remotely; replace the reader if that does not help'),
  ],
  [
    'offline',
    'minor',
    'medium',
    'medium',
    'controls',
    text('设备离线', 'Device offline'),
    text('断电或网络中断', 'Power or network lost'),
    text('联系现场确认供电与网络', 'Ask the site about power and network'),
  ],
  [
    'no_data',
    'minor',
    'low',
    'medium',
    'controls',
    text('数据缺失', 'Data missing'),
    text('传感器或采集模块停止上报', 'A sensor or its module stopped reporting'),
    text('检查采集模块', 'Check the acquisition module'),
  ],
];

const SAFETY: ReadonlySet<string> = new Set(['ground_fault', 'connector_overheat']);

const PLAYBOOK_OF: Readonly<Record<string, string>> = {
  connector_lock: 'pile-unlock',
  reader_fault: 'pile-reset',
};

const PARTS_OF: Readonly<Record<string, readonly string[]>> = {};

export const FAULT_FAMILIES: ReadonlyMap<string, FaultFamily> = new Map(
  ROWS.map(([id, severity, impact, urgency, skill, label, cause, plan]) => [
    id,
    {
      id,
      severity,
      impact,
      urgency,
      skill,
      label,
      cause,
      plan,
      emergency: impact === 'high' && urgency === 'high',
      isSafety: SAFETY.has(id),
      playbook: PLAYBOOK_OF[id] ?? null,
      parts: PARTS_OF[id] ?? [],
    },
  ]),
);

/** Family of a report without a code: a symptom in somebody's words. */
export const UNSPECIFIED_FAMILY = 'unspecified';

/** Family of a code that no table maps; such a ticket opens at P4 and is never lost. */
export function unmappedFamily(code: string): string {
  return `code:${code}`;
}

/** The family's record; an unmapped code or an unspecified report gets a general one, minor and low. */
export function faultFamily(id: string): FaultFamily {
  const known = FAULT_FAMILIES.get(id);
  if (known !== undefined) return known;
  const code = id.startsWith('code:') ? id.slice(5) : '';
  return {
    id,
    severity: 'minor',
    impact: 'low',
    urgency: 'low',
    emergency: false,
    skill: 'general',
    label:
      code === ''
        ? text('未分类故障', 'Unspecified fault')
        : text(`未知故障码 ${code}`, `Unknown fault code ${code}`),
    cause: text('待诊断', 'To be diagnosed'),
    plan: text('现场诊断', 'Diagnose on site'),
    isSafety: false,
    playbook: null,
    parts: [],
  };
}

/** Every skill that a fault family asks for. */
export const SKILLS = [...new Set(ROWS.map((row) => row[4]))] as readonly string[];
