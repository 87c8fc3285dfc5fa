import { type Static, Type } from 'typebox';
import { LocalText } from './text.ts';

/** How bad for the equipment (X.733 words), worst first. */
export const SEVERITIES = ['critical', 'major', 'minor', 'warning'] as const;
export const Severity = Type.Enum(SEVERITIES);
export type Severity = (typeof SEVERITIES)[number];

/** ISA-18.2 alarm states; `normal` ends an alarm's life. */
export const ALARM_STATES = [
  'normal',
  'unacknowledged',
  'acknowledged',
  'returned',
  'shelved',
  'suppressed',
  'out_of_service',
] as const;
export const AlarmState = Type.Enum(ALARM_STATES);
export type AlarmState = (typeof ALARM_STATES)[number];

/** Why an alarm is in its state: a stable code with its parameters and our text for it. */
export const Reason = Type.Object({
  code: Type.String({ description: 'stable, e.g. fault_raised, condition_held, absent' }),
  params: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()])),
  text: LocalText,
});
export type Reason = Static<typeof Reason>;

/** One item of GET /api/v1/alarms. */
export const Alarm = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    ruleId: Type.Union([Type.String(), Type.Null()], { description: 'null: a fault code without a rule' }),
    ruleVersion: Type.Union([Type.Integer(), Type.Null()]),
    deviceId: Type.String(),
    unitId: Type.Union([Type.String({ format: 'uuid' }), Type.Null()]),
    component: Type.String(),
    severity: Severity,
    state: AlarmState,
    faultFamily: Type.String(),
    faultCode: Type.Union([Type.String(), Type.Null()]),
    title: LocalText,
    reason: Reason,
    raisedAt: Type.String({ format: 'date-time' }),
    returnedAt: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]),
    acknowledgedAt: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]),
    ticketId: Type.Union([Type.String({ format: 'uuid' }), Type.Null()]),
  },
  { $id: 'Alarm', additionalProperties: false },
);
export type Alarm = Static<typeof Alarm>;

/**
 * One step of an alarm's life, as the rule engine decides it.
 *
 * `key` names the alarm's place (rule or fault code, device, component); `occurrence` names one life at that
 * place (`key` and the event time it was raised), so a replay of the log yields the same occurrences.
 */
export interface AlarmTransition {
  readonly key: string;
  readonly occurrence: string;
  readonly ruleId: string | null;
  readonly ruleVersion: number | null;
  readonly deviceId: string;
  readonly unitId: string;
  readonly component: string;
  readonly to: AlarmState;
  readonly severity: Severity;
  readonly faultFamily: string;
  readonly faultCode: string | null;
  readonly title: LocalText;
  readonly action: AlarmAction;
  readonly atMs: number;
  readonly raisedAtMs: number;
  readonly reason: Reason;
}

/** What an alarm's rule asks for when it is raised. `ticket` opens one; `none` only shows the alarm. */
export type AlarmAction = 'none' | 'ticket';
