import type { LocalText } from '#contracts/text.ts';

const text = (zh: string, en: string): LocalText => ({ 'zh-CN': zh, en });

/** Why a message, or one value of it, was not stored, and what to do. The codes are stable. */
const PROBLEMS = {
  INGEST_JSON_MALFORMED: text(
    '消息不是有效的 JSON（UTF-8）。请检查设备固件的编码。',
    'The message is no JSON in UTF-8. Check what the firmware encodes.',
  ),
  INGEST_TEXT_INVALID: text(
    '名称或文本中有数据库无法保存的字符（U+0000 或半个字符）。请在设备端去除。',
    'A name or text holds a character that no database keeps (U+0000 or half a character). Remove it on the device.',
  ),
  INGEST_SHAPE_INVALID: text(
    '消息的结构不符合该主题的格式。请对照设备接入文档。',
    'The message has not the shape of its topic. Compare it with the device protocol.',
  ),
  INGEST_VALUE_TYPE: text(
    '值的类型与测点不符（例如数字写成文本，或未知的枚举值）。请修正该字段的类型。',
    'The value is not of its metric’s type, e.g. a number sent as text or an unknown word. Send the right type.',
  ),
  INGEST_VALUE_NOT_FINITE: text(
    '值不是有限的数。请检查传感器或换算。',
    'The value is no finite number. Check the sensor or its conversion.',
  ),
  INGEST_VALUE_RANGE: text(
    '值超出正常传感器的量程。请检查传感器、单位和设备型号。',
    'The value is beyond what a working sensor reports. Check the sensor, its unit and the model of the device.',
  ),
  INGEST_METRIC_UNKNOWN: text(
    '没有这个名称的测点。请改用测点表中的名称；全部未知名称见 GET /unknown-metrics。',
    'No metric has this name. Use a name of the metrics table; all unknown names: GET /unknown-metrics.',
  ),
  INGEST_CLOCK_AHEAD: text(
    '时间戳在未来。请校准设备时钟。',
    'The timestamp lies in the future. Set the clock of the device.',
  ),
  INGEST_CLOCK_BEHIND: text(
    '时间戳过早。请校准设备时钟，或检查补传的数据。',
    'The timestamp lies too far in the past. Set the clock of the device, or check what it sends late.',
  ),
  INGEST_COMPONENT_INVALID: text(
    '部件名无效：只能用小写字母、数字和连字符，最多 32 个字符。',
    'The component is no valid name: lower case letters, digits and hyphens, at most 32.',
  ),
  INGEST_COMPONENT_LIMIT: text(
    '该设备上报的部件名过多（最多 64 个）。请在设备端固定部件名。',
    'The device has named too many components (64 at most). Give its components fixed names.',
  ),
  INGEST_UNIT_UNKNOWN: text(
    '无法换算该值的单位。请在设备端改用标准单位。',
    'The unit of the value cannot be converted. Set the unit that the protocol names.',
  ),
  INGEST_CALL_UNKNOWN: text(
    '不支持保存这种 OCPP 调用。如需要，请联系我们。',
    'Nothing is known of what this call of the station says. Its bytes are kept here.',
  ),
  INGEST_TRANSACTION_UNKNOWN: text(
    '停止充电消息中的计量值属于未知的会话，无法归到枪头，未保存。',
    'The meter values of a stop belong to a session that nobody knows, so to no connector. They were not stored.',
  ),
  INGEST_TOO_MANY_POINTS: text(
    '一条消息中的测点太多。请分成多条消息发送。',
    'One message holds too many values. Send several messages.',
  ),
  INGEST_DEVICE_UNKNOWN: text(
    '消息到达时该设备已不再注册。如仍在使用，请重新注册。',
    'The device was no longer registered when its message came up. Register it again if it is in use.',
  ),
} as const;

export type ProblemCode = keyof typeof PROBLEMS;

/** What the side that speaks to devices refuses before a message is read. */
const REFUSALS: Readonly<Record<string, LocalText>> = {
  GATEWAY_TOPIC_FORBIDDEN: text(
    '设备发布到了不允许的主题。设备只能发布到自己的 devices/{id}/… 主题。',
    'The device published to a topic that is not its own. It may publish to its own devices/{id}/… topics only.',
  ),
  GATEWAY_TOPIC_UNKNOWN: text(
    '设备在自己的主题下发布到了未知的主题。可用：devices/{id}/telemetry、state、fault 和 cmd/ack。',
    'No such topic is known of the device. Its own are devices/{id}/telemetry, state, fault and cmd/ack.',
  ),
  GATEWAY_FRAME_MALFORMED: text(
    '桩发来的不是 OCPP-J 消息。请检查桩的固件或协议版本。',
    'The station sent what is no OCPP-J message. Check its firmware and its protocol version.',
  ),
  GATEWAY_CALL_INVALID: text(
    '桩的调用不符合 OCPP 1.6 的格式，已回复错误。请检查桩的固件。',
    'The call is not as OCPP 1.6 has it; the station was told. Check its firmware.',
  ),
  GATEWAY_CALL_PENDING: text(
    '桩在 BootNotification 被接受之前发来调用，已拒绝。',
    'The station called before its BootNotification was accepted; it was refused.',
  ),
  GATEWAY_ACTION_UNKNOWN: text(
    '不支持该 OCPP 操作，已回复 NotImplemented。',
    'No such action of OCPP 1.6 is known here; the station was told NotImplemented.',
  ),
  GATEWAY_PAYLOAD_TOO_LARGE: text(
    '消息太大，连接已断开，内容未保存。请分成多条消息发送。',
    'The message is too large; the connection was closed and its bytes were not kept. Send several messages.',
  ),
};

const OTHER = text('消息未被保存。', 'The message was not stored.');

/** What a dead letter's code means and what to do about it. */
export function problemText(code: string): LocalText {
  const known: Readonly<Record<string, LocalText>> = { ...REFUSALS, ...PROBLEMS };
  return known[code] ?? OTHER;
}

export interface DecodeProblem {
  readonly code: ProblemCode;
  readonly field: string;
}
