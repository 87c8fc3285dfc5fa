/** Bytes of MQTT 3.1.1 as a device sends them: made once, then patched in place. */

const PUBLISH_QOS1 = 0x32;
const DUP = 0x08;

export const PINGREQ = Buffer.of(0xc0, 0);

function remainingLength(length: number): Buffer {
  const bytes: number[] = [];
  for (let left = length; ; left = Math.floor(left / 128)) {
    if (left < 128) return Buffer.from([...bytes, left]);
    bytes.push((left % 128) | 0x80);
  }
}

function text(value: string): Buffer {
  const body = Buffer.from(value);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(body.length);
  return Buffer.concat([length, body]);
}

function packet(type: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.of(type), remainingLength(body.length), body]);
}

export interface Login {
  readonly clientId: string;
  readonly username: string;
  readonly password: string;
  readonly keepaliveSeconds: number;
}

export function connectFrame({ clientId, username, password, keepaliveSeconds }: Login): Buffer {
  const flags = 0b1100_0010;
  const head = Buffer.of(4, flags, keepaliveSeconds >> 8, keepaliveSeconds & 0xff);
  return packet(0x10, text('MQTT'), head, text(clientId), text(username), text(password));
}

export function publishFrame(topic: string, packetId: number, payload: Buffer): Buffer {
  return packet(PUBLISH_QOS1, text(topic), Buffer.of(packetId >> 8, packetId & 0xff), payload);
}

export function setDup(frames: Buffer, at: number, isDup: boolean): void {
  frames[at] = isDup ? PUBLISH_QOS1 | DUP : PUBLISH_QOS1;
}

/**
 * A telemetry message of 200 bytes: its own time and six values of a healthy unit, two decimals of each changing
 * from message to message.
 */
const TELEMETRY =
  '{"ts":1790000000000,"component":"","values":{"supply_temp":13.201,"return_temp":24.801,"compressor_hz":45.201,' +
  '"discharge_temp":72.401,"discharge_pressure":2510.01,"compressor_current":6.401}}         ';
const TS_AT = TELEMETRY.indexOf('17900');
const DIGITS_AT = [...TELEMETRY.matchAll(/01(?=[,}])/g)].map((match) => match.index);
const ZERO = 48;

/** Frames of one connection, one a packet id from 1 on. */
export interface TelemetryFrames {
  readonly bytes: Buffer;
  readonly frameBytes: number;
  /** Makes slot `slot` a new message of that time. */
  renew(slot: number, tsMs: number): void;
}

export function createTelemetryFrames(topic: string, slots: number): TelemetryFrames {
  const frames = Array.from({ length: slots }, (_, slot) =>
    publishFrame(topic, slot + 1, Buffer.from(TELEMETRY)),
  );
  const bytes = Buffer.concat(frames);
  const frameBytes = bytes.length / slots;
  const payloadAt = frameBytes - TELEMETRY.length;
  let turn = 0;
  return {
    bytes,
    frameBytes,
    renew(slot, tsMs) {
      const start = slot * frameBytes;
      setDup(bytes, start, false);
      const at = start + payloadAt;
      let rest = tsMs;
      for (let digit = TS_AT + 12; digit >= TS_AT; digit--) {
        const tens = Math.floor(rest / 10);
        bytes[at + digit] = ZERO + rest - tens * 10;
        rest = tens;
      }
      for (const digits of DIGITS_AT) {
        turn = (turn * 1_103 + 12_345) & 0x7fff;
        bytes[at + digits] = ZERO + (turn % 10);
        bytes[at + digits + 1] = ZERO + ((turn >> 5) % 10);
      }
    },
  };
}

interface Answers {
  connected(returnCode: number): void;
  acknowledged(packetId: number): void;
}

function takeAnswer(on: Answers, bytes: Buffer, at: number): void {
  const type = (bytes[at] ?? 0) >> 4;
  const high = bytes[at + 2] ?? 0;
  const low = bytes[at + 3] ?? 0;
  if (type === 4) on.acknowledged((high << 8) | low);
  else if (type === 2) on.connected(low);
}

/** Reads what a broker answers: CONNACK, PUBACK and PINGRESP, in whatever chunks they come. */
export function createAnswerReader(on: Answers): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (at + 1 < bytes.length) {
      const end = at + 2 + (bytes[at + 1] ?? 0);
      if (end > bytes.length) break;
      takeAnswer(on, bytes, at);
      at = end;
    }
    rest = Buffer.from(bytes.subarray(at));
  };
}
