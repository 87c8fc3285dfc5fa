import type { FamilyRow } from './fault-family.ts';

/** Failures that any kind of equipment can have; none of them can be cured by a command to it. */
export const COMMON_FAMILIES: readonly FamilyRow[] = [
  {
    id: 'supply_voltage',
    grade: ['major', 'medium', 'high', 'electrical'],
    zh: ['电源电压异常', '供电电压波动', '测量供电并检查接线'],
    en: ['Supply voltage out of range', 'Supply fluctuation', 'Measure the supply and check the wiring'],
    parts: ['voltage-relay'],
  },
  {
    id: 'offline',
    grade: ['minor', 'medium', 'medium', 'controls'],
    zh: ['设备离线', '断电或网络中断', '联系现场确认供电与网络'],
    en: ['Device offline', 'Power or network lost', 'Ask the site about power and network'],
  },
  {
    id: 'no_data',
    grade: ['minor', 'low', 'medium', 'controls'],
    zh: ['数据缺失', '传感器或采集模块停止上报', '检查采集模块'],
    en: ['Data missing', 'A sensor or its module stopped reporting', 'Check the acquisition module'],
  },
];
