import type { DeviceKind } from '#contracts/metrics.ts';
import type { AlarmRule } from '#contracts/rules.ts';

const MINUTE_MS = 60_000;

/**
 * A shipped rule as it is written down. Whoever changes one that has shipped raises its `version` (default 1).
 * The off-delay is 2 minutes and the action a ticket unless it says otherwise.
 */
export type RuleDraft = Pick<AlarmRule, 'id' | 'condition' | 'severity' | 'faultFamily'> &
  Partial<Pick<AlarmRule, 'deadband' | 'action' | 'version'>> & {
    readonly zh: readonly [title: string, description: string];
    readonly en: readonly [title: string, description: string];
    readonly onMinutes: number;
    readonly offMinutes?: number;
    readonly models?: string[];
  };

export function ruleOf(kind: DeviceKind, draft: RuleDraft): AlarmRule {
  const { id, condition, severity, faultFamily, deadband, models, zh, en } = draft;
  return {
    id,
    version: draft.version ?? 1,
    status: 'active',
    title: { 'zh-CN': zh[0], en: en[0] },
    description: { 'zh-CN': zh[1], en: en[1] },
    appliesTo: { kind, ...(models === undefined ? {} : { models }) },
    condition,
    onDelayMs: draft.onMinutes * MINUTE_MS,
    offDelayMs: (draft.offMinutes ?? 2) * MINUTE_MS,
    ...(deadband === undefined ? {} : { deadband }),
    severity,
    faultFamily,
    action: draft.action ?? 'ticket',
  };
}
