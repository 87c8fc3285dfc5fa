import type { Reason } from '#contracts/alarms.ts';

type Params = Reason['params'];

const minutes = (ms: unknown): string => String(Math.round((Number(ms) / 60_000) * 10) / 10);

const TEXTS = {
  condition_held: (p: Params) => [
    `条件持续成立 ${minutes(p.forMs)} 分钟`,
    `The condition has held for ${minutes(p.forMs)} min`,
  ],
  absent: (p: Params) => [
    `${p.metric} 超过 ${minutes(p.forMs)} 分钟没有数据`,
    `No value of ${p.metric} for ${minutes(p.forMs)} min`,
  ],
  offline: (p: Params) => [
    `设备已离线 ${minutes(p.forMs)} 分钟`,
    `The device has been offline for ${minutes(p.forMs)} min`,
  ],
  fault_raised: (p: Params) => [
    `设备上报故障码 ${p.code}${p.detail === undefined ? '' : `：${p.detail}`}`,
    `The device reports fault code ${p.code}${p.detail === undefined ? '' : `: ${p.detail}`}`,
  ],
  fault_cleared: (p: Params) => [`故障码 ${p.code} 已消除`, `Fault code ${p.code} is cleared`],
  condition_gone: (p: Params) => [
    `条件已消失 ${minutes(p.forMs)} 分钟`,
    `The condition has been gone for ${minutes(p.forMs)} min`,
  ],
  acknowledged: () => ['已确认', 'Acknowledged'],
  recurred: () => ['条件再次成立，记为新的一次', 'The condition came again: a new occurrence follows'],
  rule_replaced: () => ['规则已修改或停用', 'The rule was changed or retired'],
} as const satisfies Record<string, (params: Params) => readonly [string, string]>;

/** Codes of {@link Reason} that the engine gives. */
export type ReasonCode = keyof typeof TEXTS;

export function reasonOf(code: ReasonCode, params: Params = {}): Reason {
  const [zh, en] = TEXTS[code](params);
  return { code, params, text: { 'zh-CN': zh, en } };
}
