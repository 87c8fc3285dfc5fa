import type { NewAlarmRule } from '#contracts/rules.ts';

const METRICS: readonly (readonly [metric: string, limit: number, step: number])[] = [
  ['supply_temp', 20, 0.5],
  ['return_temp', 30, 0.4],
  ['compressor_hz', 70, 2],
  ['discharge_temp', 95, 1],
  ['discharge_pressure', 3_500, 25],
  ['compressor_current', 12, 0.5],
];

function template(index: number): NewAlarmRule {
  const [metric, limit, step] = METRICS[index % METRICS.length] ?? ['supply_temp', 20, 1];
  const turn = Math.floor(index / METRICS.length);
  const isGuarded = index % 4 === 3;
  const above = `${metric} > ${(limit + turn * step).toFixed(2)}`;
  return {
    id: `bench-${String(index + 1).padStart(3, '0')}`,
    title: { 'zh-CN': `负载规则 ${index + 1}`, en: `Load rule ${index + 1}` },
    description: { 'zh-CN': '性能测试用', en: 'For the benchmark' },
    appliesTo: { kind: 'ac_unit' },
    condition: isGuarded ? `${above} && compressor_hz > 20.0` : above,
    onDelayMs: 10_000 * (turn % 4),
    offDelayMs: 30_000,
    deadband: { [metric]: step / 2 },
    severity: 'minor',
    faultFamily: 'high_pressure',
    action: 'none',
  };
}

/** Rules over the six metrics of the load, with limits that healthy units stay below: evaluated, never raised. */
export function loadRules(count: number): NewAlarmRule[] {
  return Array.from({ length: count }, (_, index) => template(index));
}
