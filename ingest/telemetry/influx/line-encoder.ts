import { DEVICE_KINDS, type DeviceKind, METRICS } from '#contracts/metrics.ts';
import type { DeviceRef, PointBatch } from '#contracts/point-batch.ts';
import { escapeTag } from './influxql.ts';
import { putDecimal, putText, putTime } from './put-number.ts';

/**
 * Encodes points as line protocol, one line each, with times in ms, straight into a buffer that is used again:
 * no text is made of a number that has few decimals.
 */
export interface LineEncoder {
  /** False where the point has no value that the store can hold (it takes no infinity): it leaves no line. */
  add(batch: PointBatch, point: number): boolean;
  /** The lines since the last `reset`: a view that holds until the next `add`. */
  bytes(): Uint8Array;
  reset(): void;
}

interface Names {
  readonly bytes: Uint8Array;
  /** Name `m` with its `=` stands at `start[m] … start[m + 1] - 1`. */
  readonly start: Int32Array;
  readonly longest: number;
}

interface Prefix {
  readonly device: DeviceRef;
  readonly whole: Uint8Array;
  readonly ofParts: Map<string, Uint8Array>;
}

const INITIAL_BYTES = 1 << 20;
/** Longest text of a double, and of a time with its line end. */
const NUMBER_BYTES = 26;
const SPACE = 32;
const COMMA = 44;
const NEW_LINE = 10;

function namesOf(kind: DeviceKind): Names {
  const texts = METRICS[kind].map(({ name }) => Buffer.from(`${name}=`));
  const start = new Int32Array(texts.length + 1);
  for (const [index, text] of texts.entries()) start[index + 1] = (start[index] ?? 0) + text.length;
  return { bytes: Buffer.concat(texts), start, longest: Math.max(...texts.map((text) => text.length)) };
}

const NAMES = Object.fromEntries(DEVICE_KINDS.map((kind) => [kind, namesOf(kind)])) as Record<
  DeviceKind,
  Names
>;

/** Tags in the order of their names, as the server wants them. */
function prefixText({ kind, id }: DeviceRef, component: string): Uint8Array {
  const part = component === '' ? '' : `,component=${escapeTag(component)}`;
  return Buffer.from(`${kind}${part},device_id=${escapeTag(id)}`);
}

export function createLineEncoder(): LineEncoder {
  const prefixes: (Prefix | undefined)[] = [];
  let buffer: Uint8Array = Buffer.allocUnsafe(INITIAL_BYTES);
  let at = 0;

  function ensure(bytes: number): void {
    if (at + bytes <= buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(buffer.length * 2, at + bytes));
    grown.set(buffer.subarray(0, at));
    buffer = grown;
  }

  function prefixOf(device: DeviceRef, component: string): Uint8Array {
    let known = prefixes[device.index];
    if (known === undefined || known.device !== device) {
      known = { device, whole: prefixText(device, ''), ofParts: new Map() };
      prefixes[device.index] = known;
    }
    if (component === '') return known.whole;
    const found = known.ofParts.get(component);
    if (found !== undefined) return found;
    const made = prefixText(device, component);
    known.ofParts.set(component, made);
    return made;
  }

  function putValues(batch: PointBatch, point: number, names: Names): boolean {
    const { metric, value } = batch;
    const into = buffer;
    const { bytes, start } = names;
    const end = batch.valueStart[point + 1] ?? 0;
    let position = at;
    let separator = SPACE;
    for (let index = batch.valueStart[point] ?? 0; index < end; index++) {
      const amount = value[index] ?? 0;
      if (amount - amount !== 0) continue;
      into[position++] = separator;
      separator = COMMA;
      const name = metric[index] ?? 0;
      const nameEnd = start[name + 1] ?? 0;
      for (let from = start[name] ?? 0; from < nameEnd; from++) into[position++] = bytes[from] ?? 0;
      position = putDecimal(into, position, amount);
    }
    at = position;
    return separator === COMMA;
  }

  return {
    add(batch, point) {
      const device = batch.device[point];
      if (device === undefined) return false;
      const prefix = prefixOf(device, batch.component[point] ?? '');
      const names = NAMES[device.kind];
      const values = (batch.valueStart[point + 1] ?? 0) - (batch.valueStart[point] ?? 0);
      ensure(prefix.length + NUMBER_BYTES + values * (names.longest + 1 + NUMBER_BYTES));
      const before = at;
      at = putText(buffer, at, prefix);
      if (!putValues(batch, point, names)) {
        at = before;
        return false;
      }
      buffer[at++] = SPACE;
      at = putTime(buffer, at, batch.observedAtMs[point] ?? 0);
      buffer[at++] = NEW_LINE;
      return true;
    },
    bytes: () => buffer.subarray(0, at),
    reset() {
      at = 0;
    },
  };
}
