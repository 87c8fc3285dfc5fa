/** Writes numbers one after the other. */
export interface NumberWriter {
  readonly put: (value: number) => void;
  readonly putAll: (values: Float64Array) => void;
  readonly written: () => Float64Array;
}

export function createNumberWriter(): NumberWriter {
  let numbers = new Float64Array(1024);
  let length = 0;
  const makeRoom = (count: number): void => {
    if (length + count <= numbers.length) return;
    const larger = new Float64Array(2 * (length + count));
    larger.set(numbers.subarray(0, length));
    numbers = larger;
  };
  return {
    put(value) {
      makeRoom(1);
      numbers[length++] = value;
    },
    putAll(values) {
      makeRoom(values.length);
      numbers.set(values, length);
      length += values.length;
    },
    written: () => numbers.subarray(0, length),
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
