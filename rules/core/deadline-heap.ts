/** Rows by the instant they must be looked at; ties go to the lower row, so the order is always the same. */
export interface DeadlineHeap {
  readonly push: (wakeAtMs: number, row: number) => void;
  /** Earliest instant, Infinity when empty. */
  readonly earliestMs: () => number;
  /** Takes the earliest entry out and returns its row, -1 when empty. */
  readonly pop: () => number;
}

export function createDeadlineHeap(): DeadlineHeap {
  const times: number[] = [];
  const rows: number[] = [];

  const isBefore = (a: number, b: number): boolean => {
    const difference = (times[a] ?? 0) - (times[b] ?? 0);
    return difference < 0 || (difference === 0 && (rows[a] ?? 0) < (rows[b] ?? 0));
  };
  const swap = (a: number, b: number): void => {
    [times[a], times[b]] = [times[b] ?? 0, times[a] ?? 0];
    [rows[a], rows[b]] = [rows[b] ?? 0, rows[a] ?? 0];
  };
  const sink = (from: number): void => {
    for (let at = from; ; ) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < times.length && isBefore(child, least)) least = child;
      }
      if (least === at) return;
      swap(at, least);
      at = least;
    }
  };

  return {
    push(wakeAtMs, row) {
      times.push(wakeAtMs);
      rows.push(row);
      for (let at = times.length - 1; at > 0; ) {
        const parent = (at - 1) >> 1;
        if (!isBefore(at, parent)) return;
        swap(at, parent);
        at = parent;
      }
    },
    earliestMs: () => times[0] ?? Number.POSITIVE_INFINITY,
    pop() {
      const row = rows[0] ?? -1;
      const lastTime = times.pop();
      const lastRow = rows.pop();
      if (lastTime !== undefined && lastRow !== undefined && times.length > 0) {
        times[0] = lastTime;
        rows[0] = lastRow;
        sink(0);
      }
      return row;
    },
  };
}
