import type { PointBatch } from '#contracts/point-batch.ts';

export interface CellSums {
  readonly least: number;
  readonly greatest: number;
  readonly sum: number;
  readonly samples: number;
}

/** Least, greatest, sum and number of values, by cell (a small integer), in pages made as they are needed. */
export interface Sums {
  readonly pages: number;
  /**
   * Counts the finite values of a point, each in the cell of its metric. False where one is not newer than its cell's
   * last, as it may have been counted before, or has no cell (below 0).
   */
  add(cells: Int32Array, batch: PointBatch, point: number): boolean;
  /** Counts in what another has in the cell. */
  merge(cell: number, from: Sums): void;
  /** Null where the cell has no value. */
  read(cell: number): CellSums | null;
}

const PAGE_BITS = 10;
const IN_PAGE = (1 << PAGE_BITS) - 1;
/** Numbers of a cell: least, greatest, sum, samples, and the time of the last. */
const WIDTH = 5;

export const PAGE_BYTES = (WIDTH * 8) << PAGE_BITS;

const cellIn = (cells: Int32Array, metric = 0) => cells[metric] ?? -1;

/** Whether the time is behind the cell's last; it is the last from now on. */
function isNewer(page: Float64Array, at: number, ms: number): boolean {
  const lastMs = page[at + 4] ?? 0;
  page[at + 4] = ms;
  return ms > lastMs;
}

function count(page: Float64Array, at: number, value: number): void {
  const samples = page[at + 3] ?? 0;
  if (samples === 0 || value < (page[at] ?? 0)) page[at] = value;
  if (samples === 0 || value > (page[at + 1] ?? 0)) page[at + 1] = value;
  page[at + 2] = (page[at + 2] ?? 0) + value;
  page[at + 3] = samples + 1;
}

/** `onPage` is called before a page is made. */
export function createSums(onPage: () => void): Sums {
  const held: (Float64Array | undefined)[] = [];
  let pages = 0;

  function pageOf(cell: number): Float64Array {
    const known = held[cell >> PAGE_BITS];
    if (known !== undefined) return known;
    onPage();
    const made = new Float64Array(WIDTH << PAGE_BITS);
    held[cell >> PAGE_BITS] = made;
    pages += 1;
    return made;
  }

  function read(cell: number): CellSums | null {
    const page = held[cell >> PAGE_BITS];
    const at = (cell & IN_PAGE) * WIDTH;
    const samples = page?.[at + 3] ?? 0;
    if (page === undefined || samples === 0) return null;
    return { least: page[at] ?? 0, greatest: page[at + 1] ?? 0, sum: page[at + 2] ?? 0, samples };
  }

  return {
    get pages() {
      return pages;
    },
    add(cells, batch, point) {
      const { metric, value, valueStart } = batch;
      const ms = batch.observedAtMs[point] ?? 0;
      const end = valueStart[point + 1] ?? 0;
      let isSure = true;
      for (let index = valueStart[point] ?? 0; index < end; index++) {
        const amount = value[index] ?? 0;
        if (amount - amount !== 0) continue;
        const cell = cellIn(cells, metric[index]);
        if (cell < 0) {
          isSure = false;
          continue;
        }
        const page = pageOf(cell);
        const at = (cell & IN_PAGE) * WIDTH;
        if (!isNewer(page, at, ms)) isSure = false;
        count(page, at, amount);
      }
      return isSure;
    },
    merge(cell, from) {
      const other = from.read(cell);
      if (other === null) return;
      const page = pageOf(cell);
      const at = (cell & IN_PAGE) * WIDTH;
      const samples = page[at + 3] ?? 0;
      if (samples === 0 || other.least < (page[at] ?? 0)) page[at] = other.least;
      if (samples === 0 || other.greatest > (page[at + 1] ?? 0)) page[at + 1] = other.greatest;
      page[at + 2] = (page[at + 2] ?? 0) + other.sum;
      page[at + 3] = samples + other.samples;
    },
    read,
  };
}
