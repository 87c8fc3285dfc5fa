import { type Static, Type } from 'typebox';
import { Severity } from './alarms.ts';
import { DEVICE_KINDS } from './metrics.ts';
import { LocalText } from './text.ts';

/** Only `active` rules are evaluated. */
export const RULE_STATUSES = ['draft', 'shadow', 'active', 'retired'] as const;
export type RuleStatus = (typeof RULE_STATUSES)[number];

const Milliseconds = Type.Integer({ minimum: 0, maximum: 31 * 24 * 3_600_000 });

/**
 * Definition of an alarm: on which devices, under which condition (CEL), after what delays, and what it means.
 *
 * A published version never changes: whoever edits a rule raises `version`, and its alarms start afresh.
 */
export const AlarmRule = Type.Object(
  {
    id: Type.String({ pattern: '^[a-z0-9]+(-[a-z0-9]+)*$', maxLength: 64 }),
    version: Type.Integer({ minimum: 1 }),
    status: Type.Enum(RULE_STATUSES),
    title: LocalText,
    description: LocalText,
    appliesTo: Type.Object(
      {
        kind: Type.Enum(DEVICE_KINDS),
        models: Type.Optional(Type.Array(Type.String(), { minItems: 1 })),
        labels: Type.Optional(Type.Record(Type.String(), Type.String())),
      },
      { additionalProperties: false, description: 'every given filter must match' },
    ),
    condition: Type.String({ minLength: 1, maxLength: 2_000, description: 'CEL over current metric values' }),
    onDelayMs: Milliseconds,
    offDelayMs: Milliseconds,
    deadband: Type.Optional(
      Type.Record(Type.String(), Type.Number({ minimum: 0 }), {
        description: "by metric, in its unit: how far a limit moves away while the rule's alarm is active",
      }),
    ),
    minSamples: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 1_000, description: 'points that must have met the condition' }),
    ),
    reorderMs: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 600_000, description: 'wait for displaced points; default 0' }),
    ),
    maxAgeMs: Type.Optional(
      Type.Integer({
        minimum: 1_000,
        description: "older values are unknown; default 3 times the metric's cadence",
      }),
    ),
    severity: Severity,
    faultFamily: Type.String(),
    action: Type.Union([Type.Literal('none'), Type.Literal('ticket')]),
  },
  { $id: 'AlarmRule', additionalProperties: false },
);
export type AlarmRule = Static<typeof AlarmRule>;

/** A rule as somebody writes it: it becomes a version when it is saved, a draft until it is activated. */
export const NewAlarmRule = Type.Omit(AlarmRule, ['version', 'status'], {
  $id: 'NewAlarmRule',
  additionalProperties: false,
});
export type NewAlarmRule = Static<typeof NewAlarmRule>;

/** The next version of a rule. */
export const AlarmRuleChange = Type.Omit(AlarmRule, ['id', 'version', 'status'], {
  $id: 'AlarmRuleChange',
  additionalProperties: false,
});
export type AlarmRuleChange = Static<typeof AlarmRuleChange>;

/** One version of a rule with where it comes from; shipped ones are switched on and off, never edited. */
export const AlarmRuleVersion = Type.Object(
  {
    rule: AlarmRule,
    isShipped: Type.Boolean(),
    createdAt: Type.String({ format: 'date-time' }),
    createdBy: Type.String(),
  },
  { $id: 'AlarmRuleVersion', additionalProperties: false },
);
export type AlarmRuleVersion = Static<typeof AlarmRuleVersion>;
