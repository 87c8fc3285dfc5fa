export interface CellSums {
  readonly least: number;
  readonly greatest: number;
  readonly sum: number;
  readonly samples: number;
}

/** Least, greatest, sum and number of values, by cell (a small integer), in pages made as they are needed. */
export interface Sums {
  readonly pages: number;
  /** False where the value is not newer than the cell's last: it may have been counted before. */
  add(cell: number, value: number, ms: number): boolean;
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
    add(cell, value, ms) {
      const page = pageOf(cell);
      const at = (cell & IN_PAGE) * WIDTH;
      const samples = page[at + 3] ?? 0;
      const isNewer = samples === 0 || ms > (page[at + 4] ?? 0);
      if (samples === 0 || value < (page[at] ?? 0)) page[at] = value;
      if (samples === 0 || value > (page[at + 1] ?? 0)) page[at + 1] = value;
      page[at + 2] = (page[at + 2] ?? 0) + value;
      page[at + 3] = samples + 1;
      page[at + 4] = ms;
      return isNewer;
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
