import type { EngineState } from './engine-state.ts';
import type { Engine, RestoreResult } from './engine-types.ts';
import type { ActiveCodes, FaultAlarmState } from './fault-alarms.ts';
import { type LaneHeader, metricNames, readLane, writeLane } from './lane-snapshot.ts';
import { createNumberReader, createNumberWriter } from './numbers.ts';

const FORMAT = 1;
const MAGIC = 0x5352_4341;
const PREFIX_BYTES = 8;
const NUMBER_BYTES = 8;

interface Header {
  readonly format: number;
  readonly names: Readonly<Record<string, readonly string[]>>;
  readonly lanes: readonly LaneHeader[];
  readonly codes: readonly ActiveCodes[];
  readonly alarms: readonly FaultAlarmState[];
}

/** Bytes that are no snapshot of this format: start from the open alarms instead. */
export class InvalidSnapshotError extends Error {
  readonly code = 'RULES_SNAPSHOT_INVALID';

  constructor(what: string, options?: ErrorOptions) {
    super(`rule state cannot be restored: ${what}`, options);
    this.name = 'InvalidSnapshotError';
  }
}

/** Everything that decides later transitions; devices, metrics and rules by name. */
export function snapshotEngine({ lanes, book }: EngineState): Uint8Array<ArrayBuffer> {
  const numbers = createNumberWriter();
  const header: Header = {
    format: FORMAT,
    names: metricNames(),
    lanes: lanes.map((lane) => writeLane(lane, numbers)),
    codes: book.active(),
    alarms: book.alarms(),
  };
  const text = new TextEncoder().encode(JSON.stringify(header));
  const pieces = numbers.written();
  const numberBytes = pieces.reduce((total, piece) => total + piece.byteLength, 0);
  const bytes = new Uint8Array(PREFIX_BYTES + text.length + numberBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, text.length, true);
  bytes.set(text, PREFIX_BYTES);
  let at = PREFIX_BYTES + text.length;
  for (const piece of pieces) {
    bytes.set(new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength), at);
    at += piece.byteLength;
  }
  return bytes;
}

export function restoreEngine(
  state: EngineState,
  bytes: Uint8Array,
  resolveDevice: Parameters<Engine['restore']>[1],
): RestoreResult {
  const { header, numbers } = decode(bytes);
  const total = { rows: 0, alarms: 0, dropped: 0 };
  const orphaned: string[] = [];
  for (const { deviceId, component, since } of header.codes) {
    const codes = state.book.codesOf(deviceId, component);
    for (const [code, sinceMs] of since) codes.set(code, sinceMs);
  }
  for (const alarm of header.alarms) {
    const device = resolveDevice(alarm.deviceId);
    if (device === undefined) {
      total.dropped++;
      orphaned.push(`fault:${alarm.code}|${alarm.deviceId}|${alarm.component}|${alarm.raisedAtMs}`);
    } else {
      total.alarms++;
      state.book.restore(alarm, device);
    }
  }
  const from = createNumberReader(numbers);
  for (const one of header.lanes) {
    const lane = state.lanes.find(({ reorderMs }) => reorderMs === one.reorderMs);
    const source = { header: one, names: header.names, resolveDevice, faultsOf: state.faultsOf };
    const tally = readLane(lane, source, from);
    total.rows += tally.rows;
    total.alarms += tally.alarms;
    total.dropped += tally.dropped;
    orphaned.push(...tally.orphaned);
  }
  return { ...total, orphaned };
}

function decode(bytes: Uint8Array): { readonly header: Header; readonly numbers: Float64Array } {
  if (bytes.length < PREFIX_BYTES) throw new InvalidSnapshotError('it is cut short');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== MAGIC) throw new InvalidSnapshotError('it is no snapshot');
  const textBytes = view.getUint32(4, true);
  const header = parseHeader(bytes.subarray(PREFIX_BYTES, PREFIX_BYTES + textBytes));
  if (header.format !== FORMAT) throw new InvalidSnapshotError(`its format is ${header.format}`);
  const rest = new Uint8Array(bytes.subarray(PREFIX_BYTES + textBytes));
  if (rest.length % NUMBER_BYTES !== 0) throw new InvalidSnapshotError('it is cut short');
  return { header, numbers: new Float64Array(rest.buffer, 0, rest.length / NUMBER_BYTES) };
}

function parseHeader(text: Uint8Array): Header {
  try {
    return JSON.parse(new TextDecoder().decode(text)) as Header;
  } catch (error) {
    throw new InvalidSnapshotError('its header is not readable', { cause: error });
  }
}
