import { type Static, Type } from 'typebox';
import { COMMAND_STATUSES } from './commands.ts';
import { RecordId } from './ids.ts';
import type { DeviceKind } from './metrics.ts';
import { VERIFICATIONS } from './statuses.ts';
import type { LocalText } from './text.ts';
import { IsoTime } from './time.ts';

/** One thing to try: a command, and how long after it was done the fault may take to go away. */
export interface PlaybookStep {
  readonly command: string;
  /** `connectorId: "$connector"` stands for the connector of the fault's component. */
  readonly args: Readonly<Record<string, string | number | boolean>>;
  readonly settleMs: number;
}

/**
 * How a fault is cured from afar before anybody drives: steps from the mildest on, each judged by whether the fault
 * returns to normal. Never while a session charges, never for a safety family.
 *
 * At most `maxRuns` runs a unit and family within `windowMs`; at least `coolDownMs` between two.
 */
export interface Playbook {
  readonly id: string;
  readonly kind: DeviceKind;
  readonly label: LocalText;
  readonly steps: readonly PlaybookStep[];
  readonly maxRuns: number;
  readonly windowMs: number;
  readonly coolDownMs: number;
}

const text = (zh: string, en: string): LocalText => ({ 'zh-CN': zh, en });
const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const LIMITS = { maxRuns: 3, windowMs: DAY_MS, coolDownMs: 10 * MINUTE_MS } as const;

const TRIGGER_STATUS: PlaybookStep = {
  command: 'trigger_message',
  args: { requestedMessage: 'StatusNotification' },
  settleMs: 10 * SECOND_MS,
};

export const PLAYBOOKS: readonly Playbook[] = [
  {
    id: 'pile-reset',
    kind: 'charging_pile',
    label: text('查询状态后复位', 'Ask for status, then reset'),
    steps: [
      TRIGGER_STATUS,
      { command: 'reset', args: { type: 'Soft' }, settleMs: 2 * MINUTE_MS },
      { command: 'reset', args: { type: 'Hard' }, settleMs: 5 * MINUTE_MS },
    ],
    ...LIMITS,
  },
  {
    id: 'pile-unlock',
    kind: 'charging_pile',
    label: text('解锁枪头', 'Unlock the connector'),
    steps: [
      { command: 'unlock_connector', args: { connectorId: '$connector' }, settleMs: 30 * SECOND_MS },
      { command: 'reset', args: { type: 'Soft' }, settleMs: 2 * MINUTE_MS },
    ],
    ...LIMITS,
  },
  {
    id: 'pile-ask',
    kind: 'charging_pile',
    label: text('查询状态并等待', 'Ask for status and wait'),
    steps: [{ ...TRIGGER_STATUS, settleMs: 10 * MINUTE_MS }],
    ...LIMITS,
  },
  {
    id: 'ac-clear',
    kind: 'ac_unit',
    label: text('清除故障后重启', 'Clear the fault, then restart'),
    steps: [
      { command: 'clear_fault', args: {}, settleMs: MINUTE_MS },
      { command: 'restart', args: {}, settleMs: 3 * MINUTE_MS },
    ],
    ...LIMITS,
  },
];

export function findPlaybook(id: string): Playbook | undefined {
  return PLAYBOOKS.find((playbook) => playbook.id === id);
}

/** Life of a run: `aborted` where somebody or the fault itself ended it. */
export const REPAIR_RUN_STATUSES = ['running', 'cured', 'failed', 'aborted'] as const;
export type RepairRunStatus = (typeof REPAIR_RUN_STATUSES)[number];

/** What a step came to: the fault went away, it stayed, the command was not done, or the step does not apply. */
export const REMOTE_OUTCOMES = ['cured', 'not_cured', 'command_failed', 'skipped'] as const;
export type RemoteOutcome = (typeof REMOTE_OUTCOMES)[number];

const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** One command that was tried from afar. */
export const RemoteAttempt = Type.Object({
  runId: RecordId,
  playbook: Type.String(),
  step: Type.Integer({ description: 'of the playbook, from 0' }),
  command: Type.String(),
  args: Type.Record(Type.String(), Type.Unknown()),
  commandId: nullable(RecordId),
  status: nullable(Type.Enum(COMMAND_STATUSES)),
  detail: nullable(Type.String({ description: 'what the device said, or why a step was skipped' })),
  at: IsoTime,
  outcome: nullable(Type.Enum(REMOTE_OUTCOMES)),
});
export type RemoteAttempt = Static<typeof RemoteAttempt>;

/** One run of a playbook on a ticket's fault. */
export const RemoteRun = Type.Object({
  id: RecordId,
  playbook: Type.String(),
  status: Type.Enum(REPAIR_RUN_STATUSES),
  reason: nullable(
    Type.String({ description: 'why it failed or was aborted, e.g. not_cured, session_running' }),
  ),
  startedBy: Type.String({ description: "a user's id, or system:name" }),
  startedAt: IsoTime,
  endedAt: nullable(IsoTime),
  waitingSince: nullable(Type.String({ format: 'date-time', description: 'for a charging session to end' })),
  verification: Type.Enum(VERIFICATIONS),
});
export type RemoteRun = Static<typeof RemoteRun>;

/** Body of POST /api/v1/tickets/{id}/remote-repair: the fault family's playbook unless told. */
export const StartRemoteRepair = Type.Object(
  { playbook: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })) },
  { additionalProperties: false },
);
