import { MESSAGE_CHANNELS, type MessageChannel } from '#contracts/raw-message.ts';

/** A message as the log keeps it. */
export interface MessageEntry {
  readonly type: 'message';
  readonly deviceId: string;
  readonly channel: MessageChannel;
  readonly payload: Buffer;
  readonly receivedAtMs: number;
  readonly isDuplicateFlagged: boolean;
  readonly packetId: number;
  readonly session: string;
}

/** What the rule engine must see again on a replay, besides messages. */
export type ControlEntry =
  | {
      readonly type: 'presence';
      readonly deviceId: string;
      readonly isOnline: boolean;
      readonly atMs: number;
    }
  | { readonly type: 'tick'; readonly atMs: number }
  | { readonly type: 'resume'; readonly atMs: number }
  | { readonly type: 'acknowledge'; readonly alarmKey: string; readonly atMs: number };

export type Entry = MessageEntry | ControlEntry;

const MESSAGE = 1;
const PRESENCE = 2;
const TICK = 3;
const ACKNOWLEDGE = 4;
const RESUME = 5;

/** Bytes of a message entry besides its device id, session and payload. */
const MESSAGE_FIXED = 1 + 8 + 1 + 1 + 2 + 2 + 2 + 4;

/** Bytes of the longest control entry: an alarm key is a rule, a device and a component. */
const CONTROL_MAX_BYTES = 1_024;

/** Growing buffer that entries are encoded into: one batch of the log. */
export interface EntryWriter {
  readonly byteLength: number;
  readonly messages: number;
  message(entry: Omit<MessageEntry, 'type'>): void;
  control(entry: ControlEntry): void;
  /** The batch's bytes: a view that holds until `reset`. */
  bytes(): Buffer;
  reset(): void;
}

export function createEntryWriter(initialBytes = 65_536): EntryWriter {
  let buffer = Buffer.allocUnsafe(initialBytes);
  let at = 0;
  let messages = 0;

  function ensure(bytes: number): void {
    if (at + bytes <= buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(buffer.length * 2, at + bytes));
    buffer.copy(grown, 0, 0, at);
    buffer = grown;
  }
  function shortText(text: string): void {
    const length = buffer.write(text, at + 2, 'utf8');
    buffer.writeUInt16LE(length, at);
    at += 2 + length;
  }
  function head(type: number, atMs: number): void {
    buffer[at] = type;
    buffer.writeDoubleLE(atMs, at + 1);
    at += 9;
  }

  return {
    get byteLength() {
      return at;
    },
    get messages() {
      return messages;
    },
    message(entry) {
      ensure(MESSAGE_FIXED + 3 * (entry.deviceId.length + entry.session.length) + entry.payload.length);
      head(MESSAGE, entry.receivedAtMs);
      buffer[at] = MESSAGE_CHANNELS.indexOf(entry.channel);
      buffer[at + 1] = entry.isDuplicateFlagged ? 1 : 0;
      buffer.writeUInt16LE(entry.packetId, at + 2);
      at += 4;
      shortText(entry.deviceId);
      shortText(entry.session);
      buffer.writeUInt32LE(entry.payload.length, at);
      at += 4 + entry.payload.copy(buffer, at + 4);
      messages += 1;
    },
    control(entry) {
      ensure(CONTROL_MAX_BYTES);
      if (entry.type === 'tick' || entry.type === 'resume') {
        head(entry.type === 'tick' ? TICK : RESUME, entry.atMs);
      } else if (entry.type === 'presence') {
        head(PRESENCE, entry.atMs);
        buffer[at] = entry.isOnline ? 1 : 0;
        at += 1;
        shortText(entry.deviceId);
      } else {
        head(ACKNOWLEDGE, entry.atMs);
        shortText(entry.alarmKey);
      }
    },
    bytes: () => buffer.subarray(0, at),
    reset: () => {
      at = 0;
      messages = 0;
    },
  };
}

/** The entries of one batch, in order. The bytes were checked against their checksum, so they are whole. */
export function readEntries(bytes: Buffer): Entry[] {
  const entries: Entry[] = [];
  let at = 0;
  const shortText = (): string => {
    const length = bytes.readUInt16LE(at);
    const text = bytes.toString('utf8', at + 2, at + 2 + length);
    at += 2 + length;
    return text;
  };
  const message = (receivedAtMs: number): MessageEntry => {
    const channel = MESSAGE_CHANNELS[bytes[at] ?? 0] ?? 'telemetry';
    const isDuplicateFlagged = bytes[at + 1] === 1;
    const packetId = bytes.readUInt16LE(at + 2);
    at += 4;
    const deviceId = shortText();
    const session = shortText();
    const length = bytes.readUInt32LE(at);
    const payload = bytes.subarray(at + 4, at + 4 + length);
    at += 4 + length;
    return {
      type: 'message',
      deviceId,
      channel,
      payload,
      receivedAtMs,
      isDuplicateFlagged,
      packetId,
      session,
    };
  };
  const presence = (atMs: number): ControlEntry => {
    const isOnline = bytes[at] === 1;
    at += 1;
    return { type: 'presence', deviceId: shortText(), isOnline, atMs };
  };
  while (at < bytes.length) {
    const type = bytes[at];
    const atMs = bytes.readDoubleLE(at + 1);
    at += 9;
    if (type === MESSAGE) entries.push(message(atMs));
    else if (type === PRESENCE) entries.push(presence(atMs));
    else if (type === TICK || type === RESUME)
      entries.push({ type: type === TICK ? 'tick' : 'resume', atMs });
    else entries.push({ type: 'acknowledge', alarmKey: shortText(), atMs });
  }
  return entries;
}
