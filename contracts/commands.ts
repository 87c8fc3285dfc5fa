import { type Static, Type } from 'typebox';
import { Component, DeviceId, RecordId } from './ids.ts';
import type { DeviceKind } from './metrics.ts';
import type { LocalText } from './text.ts';

/**
 * Life of a command: `queued` (recorded, not yet on the wire), `sent`, `accepted` (the device will do it), then one
 * of the ends: `done`, `failed` (it tried), `rejected` (it or we refused), `timed_out` (sent, no answer by the
 * deadline), `expired` (never sent: by the deadline, or because it was withdrawn).
 */
export const COMMAND_STATUSES = [
  'queued',
  'sent',
  'accepted',
  'done',
  'failed',
  'rejected',
  'timed_out',
  'expired',
] as const;
export type CommandStatus = (typeof COMMAND_STATUSES)[number];
export const COMMAND_ENDS: ReadonlySet<CommandStatus> = new Set([
  'done',
  'failed',
  'rejected',
  'timed_out',
  'expired',
]);

/** A thing a device can be told to do. `endsSession` ones are refused while a vehicle charges there. */
export interface CommandDefinition {
  readonly name: string;
  readonly kind: DeviceKind;
  readonly label: LocalText;
  readonly args: Type.TSchema;
  /** From enqueue to the deadline, unless the caller names another. */
  readonly timeoutMs: number;
  readonly endsSession: boolean;
}

const text = (zh: string, en: string): LocalText => ({ 'zh-CN': zh, en });
const NO_ARGS = Type.Object({}, { additionalProperties: false });
const closed = (properties: Type.TProperties) => Type.Object(properties, { additionalProperties: false });
const ConnectorId = Type.Integer({ minimum: 0, maximum: 999 });
const Key = Type.String({ minLength: 1, maxLength: 50 });

const TRIGGERS = [
  'BootNotification',
  'DiagnosticsStatusNotification',
  'FirmwareStatusNotification',
  'Heartbeat',
  'MeterValues',
  'StatusNotification',
] as const;
const MODES = ['auto', 'cool', 'heat', 'dry', 'fan_only', 'off'] as const;

type Row = readonly [
  name: string,
  kind: DeviceKind,
  label: LocalText,
  args: Type.TSchema,
  timeoutMs: number,
  endsSession?: boolean,
];

const MINUTE_MS = 60_000;

const ROWS: readonly Row[] = [
  ['restart', 'ac_unit', text('重启', 'Restart'), NO_ARGS, 2 * MINUTE_MS],
  ['clear_fault', 'ac_unit', text('清除故障', 'Clear fault'), NO_ARGS, MINUTE_MS],
  ['set_mode', 'ac_unit', text('设置模式', 'Set mode'), closed({ mode: Type.Enum(MODES) }), MINUTE_MS],
  [
    'reset',
    'charging_pile',
    text('复位', 'Reset'),
    closed({ type: Type.Enum(['Soft', 'Hard']) }),
    5 * MINUTE_MS,
    true,
  ],
  [
    'unlock_connector',
    'charging_pile',
    text('解锁枪头', 'Unlock connector'),
    closed({ connectorId: Type.Integer({ minimum: 1, maximum: 999 }) }),
    MINUTE_MS,
    true,
  ],
  [
    'trigger_message',
    'charging_pile',
    text('请求上报', 'Ask for a message'),
    closed({ requestedMessage: Type.Enum(TRIGGERS), connectorId: Type.Optional(ConnectorId) }),
    MINUTE_MS,
  ],
  [
    'change_availability',
    'charging_pile',
    text('启用或停用', 'Put in or out of service'),
    closed({ connectorId: ConnectorId, type: Type.Enum(['Operative', 'Inoperative']) }),
    MINUTE_MS,
  ],
  [
    'get_configuration',
    'charging_pile',
    text('读取配置', 'Read configuration'),
    closed({ key: Type.Optional(Type.Array(Key, { maxItems: 50 })) }),
    MINUTE_MS,
  ],
  [
    'change_configuration',
    'charging_pile',
    text('更改配置', 'Change configuration'),
    closed({ key: Key, value: Type.String({ maxLength: 500 }) }),
    MINUTE_MS,
  ],
];

export const COMMANDS: readonly CommandDefinition[] = ROWS.map(
  ([name, kind, label, args, timeoutMs, endsSession = false]) => ({
    name,
    kind,
    label,
    args,
    timeoutMs,
    endsSession,
  }),
);

export function findCommand(kind: DeviceKind, name: string): CommandDefinition | undefined {
  return COMMANDS.find((command) => command.kind === kind && command.name === name);
}

const Time = Type.String({ format: 'date-time' });
const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** One row of the command ledger. */
export const Command = Type.Object(
  {
    id: RecordId,
    deviceId: DeviceId,
    unitId: nullable(RecordId),
    component: Component,
    name: Type.String(),
    args: Type.Record(Type.String(), Type.Unknown()),
    status: Type.Enum(COMMAND_STATUSES),
    detail: nullable(Type.String({ description: 'what the device said, or why we refused' })),
    result: nullable(Type.Record(Type.String(), Type.Unknown())),
    requestedBy: Type.String({ description: "a user's id, or system:name" }),
    ticketId: nullable(RecordId),
    queuedAt: Time,
    sentAt: nullable(Time),
    answeredAt: nullable(Time),
    endedAt: nullable(Time),
    deadline: Time,
  },
  { $id: 'Command', additionalProperties: false },
);
export type Command = Static<typeof Command>;

/**
 * Body of POST /api/v1/devices/{id}/commands. The deadline counts from now, also while the device is away; once sent,
 * a command has the time of its definition at most.
 */
export const NewCommand = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 64 }),
    args: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    timeoutMs: Type.Optional(Type.Integer({ minimum: 1_000, maximum: 7 * 86_400_000 })),
    override: Type.Optional(
      Type.String({
        minLength: 3,
        maxLength: 500,
        pattern: '\\S',
        description: 'why the command is safe on a unit in danger or with a technician; goes on record',
      }),
    ),
  },
  { additionalProperties: false },
);
export type NewCommand = Static<typeof NewCommand>;
