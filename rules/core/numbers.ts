/** Writes numbers one after the other. */
export interface NumberWriter {
  readonly put: (value: number) => void;
  readonly putAll: (values: Float64Array) => void;
  /** What was written, in pieces: joining them once is cheaper than growing one array. */
  readonly written: () => readonly Float64Array[];
}

const PIECE_LENGTH = 65_536;

export function createNumberWriter(): NumberWriter {
  const full: Float64Array[] = [];
  let piece = new Float64Array(PIECE_LENGTH);
  let length = 0;
  const makeRoom = (count: number): void => {
    if (length + count <= piece.length) return;
    full.push(piece.subarray(0, length));
    piece = new Float64Array(Math.max(PIECE_LENGTH, count));
    length = 0;
  };
  return {
    put(value) {
      if (length === piece.length) makeRoom(1);
      piece[length++] = value;
    },
    putAll(values) {
      makeRoom(values.length);
      piece.set(values, length);
      length += values.length;
    },
    written: () => [...full, piece.subarray(0, length)],
  };
}

/** Reads numbers in the order they were written; NaN past the end. */
export interface NumberReader {
  readonly take: () => number;
  readonly takeAll: (count: number) => Float64Array;
}

export function createNumberReader(numbers: Float64Array): NumberReader {
  let at = 0;
  return {
    take: () => numbers[at++] ?? Number.NaN,
    takeAll(count) {
      const taken = numbers.slice(at, at + count);
      at += count;
      return taken;
    },
  };
}
